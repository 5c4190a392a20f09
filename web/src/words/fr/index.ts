import { administration } from './administration';
import { application } from './application';
import { call } from './call';
import { common } from './common';
import { device } from './device';
import { door } from './door';
import { lock } from './lock';
import { meeting } from './meeting';
import { organisation } from './organisation';
import { people } from './people';
import { proof } from './proof';
import { roles } from './roles';
import { room } from './room';
import { rooms } from './rooms';
import { rules } from './rules';
import { security } from './security';
import { when } from './when';

export const fr = { ...common, ...door, ...device, ...security, ...application, ...proof, ...administration, ...rules, ...when, ...rooms, ...room, ...meeting, ...call, ...organisation, ...people, ...lock, ...roles };
