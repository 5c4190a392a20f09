/**
 * What was done, for whoever listens: the text of a part with the role `status`. A text that does not change is not
 * announced, so the same words said twice are heard twice only if the part is empty in between.
 */
export class Spoken {
  text = $state('');

  say(words: string): void {
    this.text = '';
    // After a frame, so that the empty part was there to be noticed.
    requestAnimationFrame(() => (this.text = words));
  }
}
