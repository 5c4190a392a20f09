import { administration } from './administration';
import { common } from './common';
import { door } from './door';
import { meeting } from './meeting';
import { organisation } from './organisation';
import { room } from './room';
import { rooms } from './rooms';
import { rules } from './rules';
import { security } from './security';
import { when } from './when';

export const en = { ...common, ...door, ...security, ...administration, ...rules, ...when, ...rooms, ...room, ...meeting, ...organisation };
