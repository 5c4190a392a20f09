/** What tests read is French, whatever the browser that they run in would ask for (jsdom asks for English). */
Object.defineProperty(navigator, 'languages', { value: ['fr-FR', 'fr'], configurable: true });
