import type { Way } from './proof';

/** The JSON shapes of docs/protocol.md. Names are the wire's own; times end in `_us` (microseconds UTC). */

export interface Tenant {
  domain: string;
  name: string;
  /** The tenant's colour, `#rrggbb`. */
  accent: string;
}

export type Role = 'agent' | 'administrator' | 'auditor' | 'security-officer';
export type MemberRole = 'owner' | 'moderator' | 'member';

interface SessionBase {
  address: string;
  name: string;
  tenant: Tenant;
  csrf: string;
  idle_ends_us: number;
  absolute_ends_us: number;
  now_us: number;
}
export interface AccountSession extends SessionBase {
  kind: 'account';
  role: Role;
  /** What was proved in this session. */
  factor: 'password' | 'second' | 'passkey';
  /** When it was last proved. */
  proved_us: number;
}
export interface GuestSession extends SessionBase {
  kind: 'guest';
  room: { id: string; address: string; name: string };
}
export type Session = AccountSession | GuestSession;

/** The password was right; one more step. */
export interface SecondStep {
  kind: 'second-step';
  token: string;
  ways: Way[];
  expires_us: number;
}

/** A key or an application that proves who one is. */
export interface Factor {
  id: string;
  kind: 'totp' | 'passkey';
  name: string;
  created_us: number;
  last_used_us: number | null;
}
export interface Factors {
  factors: Factor[];
  /** Recovery codes that still open. */
  recovery_left: number;
}
export interface FactorAdded {
  factor: Factor;
  /** With the first factor: shown once. */
  recovery_codes: string[] | null;
  session: AccountSession;
}
export interface NewTotp {
  token: string;
  /** The seed, to be typed. */
  seed: string;
  /** The same as an address, for a QR code. */
  address: string;
  expires_us: number;
}
/** For the browser's passkey dialogue. */
export interface PasskeyQuestion {
  token: string;
  options: Record<string, unknown>;
}
export interface SignInEntry {
  at_us: number;
  done: boolean;
  /** By what means; the rule when it was refused. */
  by: string;
  agent: string;
  place: string;
}

export interface Label {
  slug: string;
  name: string;
  rank: number;
  usable: boolean;
  /** Why it is not usable; empty or null when it is. */
  refusal: string | null;
  guests: 'no' | 'meeting' | 'room';
  federation: boolean;
  recording: boolean;
  download: boolean;
  second_factor: boolean;
  managed_device: boolean;
  end_to_end: boolean;
  retention_days: number | null;
  meeting_minutes: number | null;
}

/** A protective mark's declaration; `until` is its last day, `2027-03-31`. */
export interface Accreditation {
  reference: string;
  authority: string;
  until: string;
}
/** A label as those see it who answer for it. */
export interface GovernedLabel extends Label {
  /** The text that reserves a protective mark; null for the others. */
  reserved_by: string | null;
  accreditation: (Accreditation & { in_force: boolean }) | null;
  /** What a protective mark demands at least. */
  floor: Label | null;
  rooms: number;
}
export type PasswordProfile = 'default' | 's1';
export interface Organisation extends Tenant {
  passwords: PasswordProfile;
  labels: GovernedLabel[];
  /** Open accounts, and those among them without a second factor. */
  people: number;
  without_second_factor: number;
  /** Whether I signed in with one. */
  second_factor: boolean;
}
export type LabelChange = Partial<Pick<Label, 'name' | 'guests' | 'federation' | 'recording' | 'download' | 'second_factor' | 'managed_device' | 'retention_days' | 'meeting_minutes'>>;
export interface Consequences {
  /** Something would be gone for good. */
  forgets: boolean;
  rooms: number;
  events: number;
  files: number;
}

export interface Member {
  address: string;
  name: string;
  role: MemberRole;
}

export interface Room {
  id: string;
  address: string;
  name: string;
  topic: string;
  kind: 'group' | 'direct';
  /** Slug of the label. */
  label: string;
  role: MemberRole | null;
  last_seq: number;
  read_seq: number;
  unread: number;
  last_us: number;
  meeting: boolean;
  member_count: number;
}
export interface RoomDetail extends Room {
  members: Member[];
  label_detail: Label;
}

export interface Person {
  address: string;
  name: string;
}

export interface FileEntry {
  id: string;
  room: string;
  name: string;
  size: number;
  media_type: string;
  sha256: string;
  author: string;
  author_name: string;
  at_us: number;
}
export interface Upload {
  upload: string;
  offset: number;
  size: number;
  name: string;
}

export interface GuestLink {
  id: string;
  created_us: number;
  expires_us: number;
  by: string;
}

export interface SessionEntry {
  id: string;
  current: boolean;
  created_us: number;
  last_used_us: number;
  agent: string;
  /** The address block it was opened from; empty when unknown. */
  place: string;
  factor: 'password' | 'second' | 'passkey';
  /** An application opened it with a password of its own; `agent` is then its owner's name for it. */
  application: boolean;
}

/** A password for one application, without the password. */
export interface ApplicationPassword {
  id: string;
  name: string;
  protocol: 'xmpp' | 'files';
  created_us: number;
  last_used_us: number | null;
  last_place: string | null;
}

export interface Invitation {
  address: string;
  name: string;
  tenant: Tenant;
  kind: 'invitation' | 'reset';
  minimum_length: number;
}

export interface AdminAccount {
  address: string;
  name: string;
  role: Role;
  /** The rank of the highest label that they may see. */
  clearance: number;
  enabled: boolean;
  created_us: number;
  last_used_us: number | null;
}

/** What would end if somebody left, and the rooms that only they own. */
export interface Belongings {
  sessions: number;
  application_passwords: number;
  keys: number;
  guest_links: number;
  rooms: { id: string; name: string; label: string }[];
}

export interface AuditEntry {
  seq: number;
  at_us: number;
  act: string;
  outcome: 'done' | 'denied';
  actor: string;
  subject: string | null;
  room: string | null;
  rule: string | null;
  detail: string | null;
  origin: string | null;
}
export interface AuditPage {
  entries: AuditEntry[];
  next: number | null;
  size: number;
  checkpoint: string | null;
}
export interface AuditFilter {
  before?: number;
  act?: string;
  actor?: string;
  outcome?: 'done' | 'denied';
  from_us?: number;
  to_us?: number;
  limit?: number;
}
