import { administration } from './administration';
import { common } from './common';
import { door } from './door';
import { security } from './security';

export const fr = { ...common, ...door, ...security, ...administration };
