/** The JSON shapes of docs/openapi.json, by the names that this client uses. Times end in `_us` (microseconds UTC). */
import type { components, paths } from '../../generated/api';

type Shapes = components['schemas'];
export type Tenant = Shapes['Tenant'];
export type Role = Shapes['Role'];
export type MemberRole = Shapes['MemberRole'];
export type AccountSession = Shapes['AccountSession'];
export type GuestSession = Shapes['GuestSession'];
export type Session = Shapes['Session'];
export type SessionEntry = Shapes['SessionEntry'];
export type Invitation = Shapes['Invitation'];
export type Label = Shapes['Label'];
export type Member = Shapes['Member'];
export type Room = Shapes['Room'];
export type RoomDetail = Shapes['RoomDetail'];
export type Person = Shapes['Person'];
export type FileEntry = Shapes['File'];
export type Upload = Shapes['Upload'];
export type GuestLink = Shapes['GuestLink'];
export type AdminAccount = Shapes['AdminAccount'];
export type AuditEntry = Shapes['AuditEntry'];
export type AuditPage = Shapes['AuditPage'];
export type AuditFilter = NonNullable<paths['/api/admin/audit']['get']['parameters']['query']>;
