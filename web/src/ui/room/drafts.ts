/** What was begun in each room and not sent: kept while the page lives. */
export const drafts = new Map<string, string>();
