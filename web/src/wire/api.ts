import type { operations } from '../../generated/api';
import type { AuditFilter, MemberRole } from '../core/types';
import type { Http } from './http';

const part = encodeURIComponent;

type Operation = keyof operations;
type Json<Carrier> = Carrier extends { content: { 'application/json': infer Shape } } ? Shape : never;
/** What an operation of docs/openapi.json answers when it went well. */
type Answer<Name extends Operation> = Json<operations[Name]['responses'][keyof operations[Name]['responses'] & (200 | 201)]>;
/** What it is sent. */
type Sent<Name extends Operation> = Json<operations[Name]['requestBody']>;

/** One method per operation of docs/openapi.json, and its types from there. */
export class Api {
  constructor(readonly http: Http) {}

  // Session
  page = () => this.http.get<Answer<'page'>>('/page');
  signIn = (address: string, password: string) => this.http.post<Answer<'signIn'>>('/session', { address, password } satisfies Sent<'signIn'>);
  session = () => this.http.get<Answer<'session'>>('/session');
  extend = () => this.http.post<Answer<'extendSession'>>('/session/extend');
  signOut = () => this.http.delete('/session');
  sessions = () => this.http.get<Answer<'sessions'>>('/sessions');
  endSession = (id: string) => this.http.delete(`/sessions/${part(id)}`);
  changePassword = (old: string, fresh: string) => this.http.post('/password', { old, new: fresh } satisfies Sent<'changePassword'>);
  invitation = (token: string) => this.http.get<Answer<'invitation'>>(`/invitations/${part(token)}`);
  acceptInvitation = (token: string, password: string) =>
    this.http.post<Answer<'acceptInvitation'>>(`/invitations/${part(token)}`, { password } satisfies Sent<'acceptInvitation'>);

  // Rooms and people
  rooms = () => this.http.get<Answer<'rooms'>>('/rooms');
  room = (id: string) => this.http.get<Answer<'room'>>(`/rooms/${part(id)}`);
  createRoom = (room: Sent<'createRoom'>) => this.http.post<Answer<'createRoom'>>('/rooms', room);
  changeRoom = (id: string, change: Sent<'changeRoom'>) =>
    this.http.patch<Answer<'changeRoom'>>(`/rooms/${part(id)}`, change);
  addMember = (id: string, address: string, role: MemberRole = 'member') =>
    this.http.post(`/rooms/${part(id)}/members`, { address, role } satisfies Sent<'addMember'>);
  removeMember = (id: string, address: string) => this.http.delete(`/rooms/${part(id)}/members/${part(address)}`);
  direct = (address: string) => this.http.post<Answer<'direct'>>('/direct', { address } satisfies Sent<'direct'>);
  labels = () => this.http.get<Answer<'labels'>>('/labels');
  people = () => this.http.get<Answer<'people'>>('/people');

  // Files
  files = (room: string) => this.http.get<Answer<'files'>>(`/rooms/${part(room)}/files`);
  createUpload = (room: string, file: Sent<'beginUpload'>) =>
    this.http.post<Answer<'beginUpload'>>(`/rooms/${part(room)}/uploads`, file);
  upload = (id: string) => this.http.get<Answer<'upload'>>(`/uploads/${part(id)}`);
  forgetUpload = (id: string) => this.http.delete(`/uploads/${part(id)}`);

  // Guests
  createLink = (room: string, hours?: number) =>
    this.http.post<Answer<'openLink'>>(`/rooms/${part(room)}/links`, (hours === undefined ? {} : { hours }) satisfies Sent<'openLink'>);
  links = (room: string) => this.http.get<Answer<'links'>>(`/rooms/${part(room)}/links`);
  closeLink = (room: string, link: string) => this.http.delete(`/rooms/${part(room)}/links/${part(link)}`);
  guestDoor = (token: string) => this.http.get<Answer<'guestDoor'>>(`/guest/${part(token)}`);
  enterAsGuest = (token: string, name: string) => this.http.post<Answer<'enterAsGuest'>>(`/guest/${part(token)}`, { name } satisfies Sent<'enterAsGuest'>);

  // Administration
  accounts = () => this.http.get<Answer<'accounts'>>('/admin/accounts');
  createAccount = (account: Sent<'invite'>) =>
    this.http.post<Answer<'invite'>>('/admin/accounts', account);
  disableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/disable`);
  enableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/enable`);
  resetAccount = (address: string) =>
    this.http.post<Answer<'reset'>>(`/admin/accounts/${part(address)}/reset`);
  adminRooms = () => this.http.get<Answer<'allRooms'>>('/admin/rooms');
  audit = (filter: AuditFilter) => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(filter)) if (value !== undefined && value !== '') query.set(key, String(value));
    return this.http.get<Answer<'audit'>>(`/admin/audit?${query.toString()}`);
  };
}
