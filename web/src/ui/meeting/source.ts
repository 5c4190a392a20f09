/** Gives a media element its stream; for `{@attach}`. */
export function source(stream: MediaProvider | null) {
  return (element: HTMLMediaElement) => {
    element.srcObject = stream;
    // The browser may hold sound back until a click; the next one on the page starts it.
    const start = () => void element.play().catch(() => {});
    if (stream) start();
    document.addEventListener('click', start, { once: true });
    return () => {
      document.removeEventListener('click', start);
      element.srcObject = null;
    };
  };
}
