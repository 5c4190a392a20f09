/** How long the browser may take to fetch what it was given: a large file is read from the disk, after the click. */
const PATIENCE = 60_000; // ms

/** Gives the browser a file that was made here, to be kept as `name`. */
export function save(name: string, parts: BlobPart[], type: string): void {
  const address = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  // Some browsers follow only a link of the page, and fetch what it names after this task is over.
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), PATIENCE);
}
