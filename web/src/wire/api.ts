import type { operations } from '../../generated/api';
import type { Proof } from '../core/proof';
import type { Accreditation, AccountFilter, AuditFilter, BroughtRank, Fate, LabelChange, MemberRole, NewRequest } from '../core/types';
import type { Http } from './http';
import type { Json } from './passkey';

const part = encodeURIComponent;

/** What is said, as the end of an address; what is not, is left out. */
function query(said: Readonly<Record<string, string | number | null | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(said)) if (value !== undefined && value !== null && value !== '') query.set(key, String(value));
  const text = query.toString();
  return text === '' ? '' : `?${text}`;
}

type Operation = keyof operations;
type JsonOf<Carrier> = Carrier extends { content: { 'application/json': infer Shape } } ? Shape : never;
/** What an operation of docs/openapi.json answers when it went well. */
type Answer<Name extends Operation> = JsonOf<operations[Name]['responses'][keyof operations[Name]['responses'] & (200 | 201)]>;
/** What it is sent. */
type Sent<Name extends Operation> = JsonOf<operations[Name]['requestBody']>;

/** One method per operation of docs/openapi.json, and its types from there. */
export class Api {
  constructor(readonly http: Http) {}

  // Session
  page = () => this.http.get<Answer<'page'>>('/page');
  signIn = (address: string, password: string) => this.http.post<Answer<'signIn'>>('/session', { address, password } satisfies Sent<'signIn'>);
  secondStep = (token: string, proof: Proof) =>
    this.http.post<Answer<'secondStep'>>('/session/second', { token, proof });
  sendCode = (token: string) => this.http.post('/session/second/code', { token } satisfies Sent<'sendCode'>);
  sendProofCode = () => this.http.post('/session/prove/code');
  beginEmail = () => this.http.post<Answer<'beginEmail'>>('/factors/email');
  confirmEmail = (token: string, code: string, name: string) =>
    this.http.post<Answer<'confirmEmail'>>('/factors/email/confirm', { token, code, name } satisfies Sent<'confirmEmail'>);
  forgotten = (address: string) => this.http.post('/session/forgotten', { address } satisfies Sent<'forgotten'>);
  ways = () => this.http.get<Answer<'ways'>>('/session/prove');
  prove = (proof: Proof) => this.http.post<Answer<'prove'>>('/session/prove', proof satisfies Sent<'prove'>);
  passkeyQuestion = () => this.http.post<Answer<'askPasskey'>>('/session/passkey');
  passkeySignIn = (token: string, answer: Json) =>
    this.http.post<Answer<'answerPasskey'>>('/session/passkey/answer', { token, answer } satisfies Sent<'answerPasskey'>);
  passkeyProofQuestion = () => this.http.post<Answer<'askPasskeyProof'>>('/session/prove/passkey');
  passkeyProof = (token: string, answer: Json) =>
    this.http.post<Answer<'answerPasskeyProof'>>('/session/prove/passkey/answer', { token, answer } satisfies Sent<'answerPasskeyProof'>);
  beginPasskey = () => this.http.post<Answer<'beginPasskey'>>('/factors/passkey');
  confirmPasskey = (token: string, answer: Json, name: string) =>
    this.http.post<Answer<'confirmPasskey'>>('/factors/passkey/confirm', { token, answer, name } satisfies Sent<'confirmPasskey'>);
  factors = () => this.http.get<Answer<'factors'>>('/factors');
  beginTotp = () => this.http.post<Answer<'beginTotp'>>('/factors/totp');
  confirmTotp = (token: string, code: string, name: string) =>
    this.http.post<Answer<'confirmTotp'>>('/factors/totp/confirm', { token, code, name } satisfies Sent<'confirmTotp'>);
  renameFactor = (id: string, name: string) => this.http.patch(`/factors/${part(id)}`, { name } satisfies Sent<'renameFactor'>);
  removeFactor = (id: string) => this.http.delete(`/factors/${part(id)}`);
  newRecoveryCodes = () => this.http.post<Answer<'renewRecoveryCodes'>>('/factors/recovery-codes');
  signIns = () => this.http.get<Answer<'signIns'>>('/sign-ins');
  helps = () => this.http.get<Answer<'helps'>>('/help');
  /** Acts in the name of an agent: the cookie is theirs afterwards. */
  beginHelp = (address: string) => this.http.post(`/admin/accounts/${part(address)}/help`);
  endHelp = () => this.http.post('/session/help/end');
  session = () => this.http.get<Answer<'session'>>('/session');
  extend = () => this.http.post<Answer<'extendSession'>>('/session/extend');
  lock = () => this.http.post('/session/lock');
  unlock = (pin: string) => this.http.post<Answer<'unlock'>>('/session/unlock', { pin } satisfies Sent<'unlock'>);
  setPin = (pin: string) => this.http.put('/session/pin', { pin } satisfies Sent<'setPin'>);
  removePin = () => this.http.delete('/session/pin');
  setScreen = (screen: Sent<'setScreen'>['screen']) => this.http.put('/session/screen', { screen } satisfies Sent<'setScreen'>);
  charter = () => this.http.get<Answer<'charter'>>('/charter');
  acceptCharter = (version: number, sha256: string) =>
    this.http.post('/charter/accept', { version, sha256 } satisfies Sent<'acceptCharter'>);
  signOut = () => this.http.delete('/session');
  sessions = () => this.http.get<Answer<'sessions'>>('/sessions');
  endSession = (id: string) => this.http.delete(`/sessions/${part(id)}`);
  changePassword = (old: string, fresh: string) => this.http.post('/password', { old, new: fresh } satisfies Sent<'changePassword'>);
  applicationPasswords = () => this.http.get<Answer<'applicationPasswords'>>('/application-passwords');
  addApplicationPassword = (name: string) =>
    this.http.post<Answer<'addApplicationPassword'>>('/application-passwords', { name, protocol: 'xmpp' } satisfies Sent<'addApplicationPassword'>);
  revokeApplicationPassword = (id: string) => this.http.delete(`/application-passwords/${part(id)}`);
  askDevice = () => this.http.post<Answer<'askDevice'>>('/session/device');
  answerDevice = (device: string, challenge: string, signature: string) =>
    this.http.post<Answer<'answerDevice'>>('/session/device/answer', { device, challenge, signature } satisfies Sent<'answerDevice'>);
  devices = () => this.http.get<Answer<'devices'>>('/devices');
  deviceCode = () => this.http.post<Answer<'deviceCode'>>('/devices/code');
  renameDevice = (id: string, name: string) => this.http.patch(`/devices/${part(id)}`, { name } satisfies Sent<'renameDevice'>);
  removeDevice = (id: string) => this.http.delete(`/devices/${part(id)}`);
  deviceCodeShown = (code: string) => this.http.get<Answer<'deviceCodeShown'>>(`/device-codes/${part(code)}`);
  enrolDevice = (code: string, name: string, key: string, signature: string) =>
    this.http.post<Answer<'enrolDevice'>>(`/device-codes/${part(code)}`, { name, key, signature } satisfies Sent<'enrolDevice'>);
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
  /** The first 200 colleagues with these words, by name. */
  people = (search = '') => this.http.get<Answer<'people'>>(`/people${query({ search })}`);

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
  accounts = (filter: AccountFilter) => this.http.get<Answer<'accounts'>>(`/admin/accounts${query(filter)}`);
  /** Sends a file of people and says what it would do. */
  beginImport = (file: Blob) => this.http.postFile<Answer<'beginImport'>>('/admin/imports', file, 'text/csv');
  importLines = (id: string, fate: Fate | null, after: number, limit: number) =>
    this.http.get<Answer<'importLines'>>(`/admin/imports/${part(id)}/lines${query({ fate, after, limit })}`);
  applyImport = (id: string, digest: string, mail: boolean) =>
    this.http.post<Answer<'applyImport'>>(`/admin/imports/${part(id)}/apply`, { digest, mail } satisfies Sent<'applyImport'>);
  allDevices = () => this.http.get<Answer<'allDevices'>>('/admin/devices');
  decideDevice = (id: string, state: Sent<'decideDevice'>['state']) =>
    this.http.post(`/admin/devices/${part(id)}/state`, { state } satisfies Sent<'decideDevice'>);
  reportDevice = (id: string, reported: Sent<'reportDevice'>) => this.http.put(`/admin/devices/${part(id)}/reported`, reported);
  createAccount = (account: Sent<'invite'>) =>
    this.http.post<Answer<'invite'>>('/admin/accounts', account);
  disableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/disable`);
  enableAccount = (address: string) => this.http.post(`/admin/accounts/${part(address)}/enable`);
  /** Takes away what somebody lost to sign in with; the link lets them choose another password. */
  replaceLostKeys = (address: string) =>
    this.http.post<Answer<'replaceLostKeys'>>(`/admin/accounts/${part(address)}/lost-keys`);
  setRole = (address: string, role: Sent<'setRole'>['role']) =>
    this.http.post(`/admin/accounts/${part(address)}/role`, { role } satisfies Sent<'setRole'>);
  /** What of somebody would end if they left. */
  belongings = (address: string) => this.http.get<Answer<'belongings'>>(`/admin/accounts/${part(address)}/departure`);
  depart = (address: string, colleague?: string) =>
    this.http.post(`/admin/accounts/${part(address)}/departure`, (colleague === undefined ? {} : { colleague }) satisfies Sent<'depart'>);
  clearAccount = (address: string, label: string) =>
    this.http.post(`/admin/accounts/${part(address)}/clearance`, { label } satisfies Sent<'clear'>);
  organisation = () => this.http.get<Answer<'organisation'>>('/admin/organisation');
  changeOrganisation = (change: Sent<'changeOrganisation'>) =>
    this.http.patch<Answer<'changeOrganisation'>>('/admin/organisation', change);
  changeLabel = (slug: string, change: LabelChange & { confirmed?: boolean }) =>
    this.http.patch<Answer<'changeLabel'>>(`/admin/labels/${part(slug)}`, change satisfies Sent<'changeLabel'>);
  /** What keeping for so many days would take; null keeps without limit. */
  consequences = (slug: string, days: number | null) =>
    this.http.get<Answer<'consequences'>>(`/admin/labels/${part(slug)}/consequences${days === null ? '' : `?retention_days=${days}`}`);
  changeLock = (rules: Sent<'changeLock'>) => this.http.put<Answer<'changeLock'>>('/admin/lock', rules);
  charters = () => this.http.get<Answer<'charters'>>('/admin/charter');
  publishCharter = (charter: Sent<'publishCharter'>) =>
    this.http.post<Answer<'publishCharter'>>('/admin/charter', charter);
  accredit = (slug: string, declared: Accreditation) => this.http.put(`/admin/labels/${part(slug)}/accreditation`, declared);
  withdraw = (slug: string) => this.http.delete(`/admin/labels/${part(slug)}/accreditation`);
  resetAccount = (address: string) =>
    this.http.post<Answer<'reset'>>(`/admin/accounts/${part(address)}/reset`);
  adminRooms = () => this.http.get<Answer<'allRooms'>>('/admin/rooms');
  businessRoles = () => this.http.get<Answer<'businessRoles'>>('/admin/roles');
  businessRolesOf = (address: string) => this.http.get<Answer<'businessRolesOf'>>(`/admin/accounts/${part(address)}/roles`);
  businessRole = (id: string) => this.http.get<Answer<'businessRole'>>(`/admin/roles/${part(id)}`);
  addBusinessRole = (role: Sent<'addBusinessRole'>) => this.http.post<Answer<'addBusinessRole'>>('/admin/roles', role);
  changeBusinessRole = (id: string, change: Sent<'changeBusinessRole'>) => this.http.patch(`/admin/roles/${part(id)}`, change);
  deleteBusinessRole = (id: string) => this.http.delete(`/admin/roles/${part(id)}`);
  giveBusinessRole = (id: string, address: string) => this.http.put(`/admin/roles/${part(id)}/holders/${part(address)}`, {});
  takeBusinessRole = (id: string, address: string) => this.http.delete(`/admin/roles/${part(id)}/holders/${part(address)}`);
  bringRoom = (id: string, room: string, rank: BroughtRank) =>
    this.http.put(`/admin/roles/${part(id)}/rooms/${part(room)}`, { rank } satisfies Sent<'bringRoom'>);
  leaveRoom = (id: string, room: string) => this.http.delete(`/admin/roles/${part(id)}/rooms/${part(room)}`);
  requests = () => this.http.get<Answer<'requests'>>('/admin/requests');
  askRequest = (request: NewRequest) => this.http.post<Answer<'askRequest'>>('/admin/requests', request satisfies Sent<'askRequest'>);
  approveRequest = (id: string) => this.http.post(`/admin/requests/${part(id)}/approve`);
  refuseRequest = (id: string) => this.http.post(`/admin/requests/${part(id)}/refuse`);
  auditCheckpoint = async () => new TextDecoder().decode(await this.http.bytes('/admin/audit/log/checkpoint'));
  /** A tile by its address as C2SP tlog-tiles writes it: `0/000`, `entries/001.p/7`. */
  auditTile = (path: string) => this.http.bytes(`/admin/audit/log/tile/${path}`);
  audit = (filter: AuditFilter) => this.http.get<Answer<'audit'>>(`/admin/audit${query(filter)}`);
}
