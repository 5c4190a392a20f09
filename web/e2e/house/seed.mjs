// Many messages without typing them: a second stream of the same person, from inside their page.

/** Says « ligne N sur COUNT » for each N, in order, and comes back when the last is kept. */
export function fill({ page, house }, room, count) {
  return page.evaluate(
    ({ room, count, domain }) =>
      new Promise((done, failed) => {
        const socket = new WebSocket(new URL('/xmpp-websocket', location.href.replace(/^http/, 'ws')), 'xmpp');
        const open = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${domain}' version='1.0'/>`;
        const MANY = 200; // on their way at once
        let next = 1;
        const say = () => {
          if (next > count) return;
          const body = `ligne ${next} sur ${count}${next % 7 === 0 ? ' : la réunion de demain est avancée à 9 h 30 dans la salle des mariages ; merci de confirmer votre présence avant ce soir, et de prévenir les absents.' : ''}`;
          socket.send(`<message xmlns='jabber:client' type='groupchat' to='${room}' id='seed-${next}'><body>${body}</body></message>`);
          next += 1;
        };
        socket.onopen = () => socket.send(open);
        socket.onerror = () => failed(new Error('the second stream broke'));
        socket.onmessage = ({ data }) => {
          if (data.includes('<mechanism>EXTERNAL')) socket.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`);
          else if (data.startsWith('<success')) socket.send(open);
          else if (data.includes('xmpp-bind') && data.includes('features')) socket.send(`<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
          else if (data.includes("id='b'")) socket.send(`<presence xmlns='jabber:client' to='${room}/x'><x xmlns='http://jabber.org/protocol/muc'><history maxstanzas='0'/></x></presence>`);
          else if (data.includes('<subject')) for (let n = 0; n < MANY; n += 1) say();
          else if (data.includes(`id='seed-${count}'`)) {
            socket.close();
            done();
          } else if (/^<message[^>]* id='seed-/.test(data)) say();
        };
      }),
    { room, count, domain: new URL(house.url).hostname },
  );
}
