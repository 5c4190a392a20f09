import { desk } from '../../house';

/** What was begun in each room and not sent: kept while the page lives and the same person is here. */
export const drafts = new Map<string, string>();

desk.subscribe((workspace) => {
  if (workspace === null) drafts.clear();
});
