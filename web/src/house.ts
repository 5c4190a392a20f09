import { SessionKeeper } from './core/session';
import { Api } from './wire/api';
import { Http } from './wire/http';

/** The objects that every page shares, made once: the only place where `core` meets `wire`. */
const http = new Http();
export const api = new Api(http);
export const session = new SessionKeeper(api, (token) => {
  http.csrf = token;
});
http.onSignedOut = () => session.ended();
