/** Leads to the first field of a form that says what is wrong with it: saving would otherwise do nothing visible. */
export function toInvalid(event: SubmitEvent): void {
  if (event.currentTarget instanceof HTMLElement) event.currentTarget.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
}
