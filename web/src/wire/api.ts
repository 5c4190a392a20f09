import type { Proof, Way } from '../core/proof';
import type * as T from '../core/types';
import type { Http } from './http';
import type { Json } from './passkey';

const part = encodeURIComponent;

/** One method per route of docs/protocol.md. */
export class Api {
  constructor(readonly http: Http) {}

  // Session
  page = () => this.http.get<{ tenant: T.Tenant | null; mail: boolean }>('/page');
  signIn = (address: string, password: string) =>
    this.http.post<T.Session | T.SecondStep>('/session', { address, password });
  secondStep = (token: string, proof: Proof) => this.http.post<T.Session>('/session/second', { token, proof });
  forgotten = (address: string) => this.http.post('/session/forgotten', { address });
  ways = () => this.http.get<Way[]>('/session/prove');
  prove = (proof: Proof) => this.http.post<T.Session>('/session/prove', proof);
  passkeyQuestion = () => this.http.post<T.PasskeyQuestion>('/session/passkey');
  passkeySignIn = (token: string, answer: Json) => this.http.post<T.Session>('/session/passkey/answer', { token, answer });
  passkeyProofQuestion = () => this.http.post<T.PasskeyQuestion>('/session/prove/passkey');
  passkeyProof = (token: string, answer: Json) => this.http.post<T.Session>('/session/prove/passkey/answer', { token, answer });
  beginPasskey = () => this.http.post<T.PasskeyQuestion>('/factors/passkey');
  confirmPasskey = (token: string, answer: Json, name: string) =>
    this.http.post<T.FactorAdded>('/factors/passkey/confirm', { token, answer, name });
  factors = () => this.http.get<T.Factors>('/factors');
  beginTotp = () => this.http.post<T.NewTotp>('/factors/totp');
  confirmTotp = (token: string, code: string, name: string) =>
    this.http.post<T.FactorAdded>('/factors/totp/confirm', { token, code, name });
  renameFactor = (id: string, name: string) => this.http.patch(`/factors/${part(id)}`, { name });
  removeFactor = (id: string) => this.http.delete(`/factors/${part(id)}`);
  newRecoveryCodes = () => this.http.post<{ recovery_codes: string[] }>('/factors/recovery-codes');
  signIns = () => this.http.get<T.SignInEntry[]>('/sign-ins');
  session = () => this.http.get<T.Session>('/session');
  extend = () => this.http.post<T.Session>('/session/extend');
  signOut = () => this.http.delete('/session');
  sessions = () => this.http.get<T.SessionEntry[]>('/sessions');
  endSession = (id: string) => this.http.delete(`/sessions/${part(id)}`);
  changePassword = (old: string, fresh: string) => this.http.post('/password', { old, new: fresh });
  applicationPasswords = () => this.http.get<T.ApplicationPassword[]>('/application-passwords');
  addApplicationPassword = (name: string) =>
    this.http.post<T.ApplicationPassword & { password: string }>('/application-passwords', { name, protocol: 'xmpp' });
  revokeApplicationPassword = (id: string) => this.http.delete(`/application-passwords/${part(id)}`);
  invitation = (token: string) => this.http.get<T.Invitation>(`/invitations/${part(token)}`);
  acceptInvitation = (token: string, password: string) =>
    this.http.post<T.Session | T.SecondStep>(`/invitations/${part(token)}`, { password });

  // Rooms and people
  rooms = () => this.http.get<T.Room[]>('/rooms');
  room = (id: string) => this.http.get<T.RoomDetail>(`/rooms/${part(id)}`);
  createRoom = (room: { name: string; label?: string; members?: string[] }) => this.http.post<T.Room>('/rooms', room);
  changeRoom = (id: string, change: { label?: string; name?: string; topic?: string }) =>
    this.http.patch<T.Room>(`/rooms/${part(id)}`, change);
  addMember = (id: string, address: string, role: T.MemberRole = 'member') =>
    this.http.post(`/rooms/${part(id)}/members`, { address, role });
  removeMember = (id: string, address: string) => this.http.delete(`/rooms/${part(id)}/members/${part(address)}`);
  direct = (address: string) => this.http.post<T.Room>('/direct', { address });
  labels = () => this.http.get<T.Label[]>('/labels');
  people = () => this.http.get<T.Person[]>('/people');

  // Files
  files = (room: string) => this.http.get<T.FileEntry[]>(`/rooms/${part(room)}/files`);
  createUpload = (room: string, file: { name: string; size: number; media_type: string }) =>
    this.http.post<{ upload: string; offset: number }>(`/rooms/${part(room)}/uploads`, file);
  upload = (id: string) => this.http.get<T.Upload>(`/uploads/${part(id)}`);
  forgetUpload = (id: string) => this.http.delete(`/uploads/${part(id)}`);

  // Guests
  createLink = (room: string, hours?: number) =>
    this.http.post<{ id: string; url: string; expires_us: number }>(
      `/rooms/${part(room)}/links`,
      hours === undefined ? {} : { hours },
    );
  links = (room: string) => this.http.get<T.GuestLink[]>(`/rooms/${part(room)}/links`);
  closeLink = (room: string, link: string) => this.http.delete(`/rooms/${part(room)}/links/${part(link)}`);
  guestDoor = (token: string) => this.http.get<{ room: string; tenant: T.Tenant }>(`/guest/${part(token)}`);
  enterAsGuest = (token: string, name: string) => this.http.post<T.GuestSession>(`/guest/${part(token)}`, { name });

  // Administration
  accounts = () => this.http.get<T.AdminAccount[]>('/admin/accounts');
  createAccount = (account: { address: string; name: string; role?: T.Role }) =>
    this.http.post<{ link: string; expires_us: number }>('/admin/accounts', account);
  disableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/disable`);
  enableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/enable`);
  clearAccount = (address: string, label: string) => this.http.post(`/admin/accounts/${part(address)}/clearance`, { label });
  organisation = () => this.http.get<T.Organisation>('/admin/organisation');
  changeOrganisation = (change: { name?: string; accent?: string; passwords?: T.PasswordProfile }) => this.http.patch<T.Organisation>('/admin/organisation', change);
  changeLabel = (slug: string, change: T.LabelChange & { confirmed?: boolean }) => this.http.patch<T.Label>(`/admin/labels/${part(slug)}`, change);
  /** What keeping for so many days would take; null keeps without limit. */
  consequences = (slug: string, days: number | null) => this.http.get<T.Consequences>(`/admin/labels/${part(slug)}/consequences${days === null ? '' : `?retention_days=${days}`}`);
  accredit = (slug: string, declared: T.Accreditation) => this.http.put(`/admin/labels/${part(slug)}/accreditation`, declared);
  withdraw = (slug: string) => this.http.delete(`/admin/labels/${part(slug)}/accreditation`);
  resetAccount = (address: string) =>
    this.http.post<{ link: string; expires_us: number }>(`/admin/accounts/${part(address)}/reset`);
  adminRooms = () => this.http.get<T.Room[]>('/admin/rooms');
  audit = (filter: T.AuditFilter) => {
    const query = new URLSearchParams();
    for (const [key, value] of Object.entries(filter)) if (value !== undefined && value !== '') query.set(key, String(value));
    return this.http.get<T.AuditPage>(`/admin/audit?${query.toString()}`);
  };
}
