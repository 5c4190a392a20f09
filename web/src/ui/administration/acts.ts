/** What is done seldom about somebody's account. */
export type PersonAct = 'role' | 'businessRoles' | 'lost' | 'help' | 'leave';
