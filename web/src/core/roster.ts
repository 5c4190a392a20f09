import type { Presence } from './events';
import { Readable } from './readable';
import type { Person } from './types';

export interface Colleague extends Person {
  presence: Presence;
}

/** The people of my body, by name, with their presence. */
export class Roster extends Readable<readonly Colleague[]> {
  #people = new Map<string, Person>();
  /** By address, then by device. */
  #seen = new Map<string, Map<string, Presence>>();

  constructor() {
    super([]);
  }

  handlePeople(people: readonly Person[]): void {
    this.#people = new Map(people.map((person) => [person.address, person]));
    this.#tell();
  }

  handlePresence(address: string, resource: string, presence: Presence): void {
    const devices = this.#seen.get(address) ?? new Map<string, Presence>();
    if (presence !== 'offline') devices.set(resource, presence);
    else if (resource === '') devices.clear();
    else devices.delete(resource);
    this.#seen.set(address, devices);
    if (this.#people.has(address)) this.#tell();
  }

  /** The link is lost: nobody's presence is known any more. */
  forget(): void {
    this.#seen.clear();
    this.#tell();
  }

  presence(address: string): Presence {
    const devices = [...(this.#seen.get(address)?.values() ?? [])];
    return devices.includes('available') ? 'available' : devices.includes('away') ? 'away' : 'offline';
  }

  name(address: string): string | undefined {
    return this.#people.get(address)?.name;
  }

  #tell(): void {
    const people = [...this.#people.values()].map((person) => ({ ...person, presence: this.presence(person.address) }));
    this.set(people.sort((a, b) => a.name.localeCompare(b.name)));
  }
}
