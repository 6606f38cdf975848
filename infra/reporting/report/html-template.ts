/** Text that is HTML. */
export interface Html {
  readonly html: string
}

type Piece = Html | string | number | undefined | readonly Piece[]

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Text escaped for an element or a quoted attribute. */
export const escaped = (text: string): string => visible(text).replace(/[&<>"']/g, (character) => ESCAPES[character] ?? character)

/** Replaces characters that HTML does not allow, and control characters that change the direction of text. */
export const visible = (text: string): string =>
  text.toWellFormed().replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, '\ufffd')

/** HTML from a template; inserted values are escaped unless they are HTML. */
export const html = (texts: TemplateStringsArray, ...pieces: readonly Piece[]): Html => ({
  html: texts.map((text, index) => `${text}${index < pieces.length ? rendered(pieces[index]) : ''}`).join(''),
})

function rendered(piece: Piece): string {
  if (piece === undefined) return ''
  if (typeof piece === 'string' || typeof piece === 'number') return escaped(String(piece))
  return 'html' in piece ? piece.html : piece.map(rendered).join('')
}
