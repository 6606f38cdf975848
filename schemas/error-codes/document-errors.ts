import type { ErrorTexts } from './error-text.ts'

const FAILED = '`code` of `document.failed`'

/** Codes of documents. */
export const DOCUMENT_ERRORS = {
  template_failed: {
    meaning: 'A template cannot be filled with the data of a document.',
    cause: 'A variable is not there, a filter does not take the value, or the template exceeds its time or memory. The event has the line.',
    remedy: 'Correct the template, or send the data that it needs.',
    where: FAILED,
  },
  bad_document_data: {
    meaning: 'The data of a document do not fit the schema of its template.',
    cause: 'A field is missing or of another type. The message names it.',
    remedy: 'Send the field by `document.changed`, or correct the schema.',
    where: FAILED,
  },
  document_too_large: {
    meaning: 'The Markdown of a document is too long.',
    cause: 'The template repeats too much.',
    remedy: 'Divide the document.',
    where: FAILED,
  },
  document_too_costly: {
    meaning: 'Making a document took too long, or too much memory.',
    cause: 'The document is very long, or the schema of its data has a pattern that takes for ever.',
    remedy: 'Make it shorter, or make fewer formats. `document.retried` tries again.',
    where: FAILED,
  },
  font_missing: {
    meaning: 'A PDF needs a font that is not installed.',
    cause: 'The text has characters beyond those of Western Europe. Their font has 95 MB and does not come with Colloquy.',
    remedy: 'Run `npm install @expo-google-fonts/noto-sans-sc` beside Colloquy where the role `tasks` runs, then send `document.retried`.',
    where: FAILED,
  },
  no_glyph: {
    meaning: 'The font of PDFs does not have a character.',
    cause: 'It is an emoji, or of a script that the font does not have. The message names it.',
    remedy: 'Leave the character out of the text, or `pdf` out of the formats.',
    where: FAILED,
  },
  no_document: {
    meaning: 'There is no such document.',
    cause: 'The address is misspelt, or is that of an actor of another kind.',
    remedy: 'List the documents: `colloquy actors --kind document`.',
    where: '`colloquy documents`',
  },
  no_document_file: {
    meaning: 'A document has no such file.',
    cause: 'The version was never made or is no longer kept, or it was made without this format.',
    remedy: 'List the versions: `colloquy documents ls`.',
    where: '`colloquy documents`',
  },
} as const satisfies ErrorTexts
