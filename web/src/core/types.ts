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
}
export interface GuestSession extends SessionBase {
  kind: 'guest';
  room: { id: string; address: string; name: string };
}
export type Session = AccountSession | GuestSession;

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

export interface Member {
  address: string;
  name: string;
  role: MemberRole;
  /** Number of the last event that they read, 0 before they read any. */
  read_seq: number;
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
  clearance: string | null;
  enabled: boolean;
  created_us: number;
  last_used_us: number | null;
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
