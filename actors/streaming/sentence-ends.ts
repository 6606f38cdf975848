/** Words whose full stop ends no sentence. A single letter is one, too: `e.g.`, `U.S.`, `J. Smith`. */
const ABBREVIATIONS = new Set(
  'mr mrs ms dr st vs inc ltd co corp jr sr etc prof gen lt col approx dept eds al cf incl excl feb apr aug sep sept mon tue thu fri'.split(
    ' ',
  ),
)
/** Words whose full stop ends no sentence before a number. */
const BEFORE_NUMBERS = new Set('no art fig vol sec ed min max ca ext tel est jan mar may jun jul oct nov dec sat sun wed p pp'.split(' '))

const CITATION = String.raw`\s*\[\d{1,3}\]`
const MARKS = '。！？!?.…'
const CLOSERS = String.raw`"'”’」』）)\]】》*_\x60` + MARKS
/**
 * A place where a sentence may end, with the next character that is no blank: without it nothing is decided yet. The negative lookaheads
 * keep the expression from taking fewer marks or citations than there are.
 */
const END = new RegExp(String.raw`([${MARKS}][${CLOSERS}]*(?![${CLOSERS}])|\n)((?:${CITATION})*(?!${CITATION}))(\s*)(?=(\S))`, 'gu')
/** What may become a citation when more of it is there. */
const CITATION_BEGUN = /^\[\d{0,3}$/
const CITATION_CHARS_MAX = 5

const FULL_WIDTH = /[。！？]/
const ONLY_STOPS = /^[.…]/
const SMALL = /^\p{Ll}/u
const DIGIT = /^\p{N}/u
/** Goes on after `?` and `!` in addresses and code. */
const IN_ADDRESS = /^[\p{Script=Latin}\p{N}=&%#/-]/u
const WORD_BEFORE = /[A-Za-z]{1,16}$/
const LIST_NUMBER = /(?:^|\n)\s*\p{N}{1,3}$/u
/** UTF-16 units before a full stop that are looked at. */
const BEFORE_CHARS = 32

/**
 * The place after the next sentence of a text that is being written: after its quotation marks and citations, before the blanks. A place
 * that was found does not change by what is written later. `undefined`: none ends for sure yet.
 *
 * A full stop in a number, after an abbreviation, after the number of a list, or before a small letter ends no sentence; a line does.
 *
 * @param from where the sentence begins
 */
export function sentenceEnd(text: string, from: number): number | undefined {
  END.lastIndex = from
  for (let match = END.exec(text); match !== null; match = END.exec(text)) {
    const [, mark = '', cited = '', blanks = '', next = ''] = match
    const markEnd = match.index + mark.length
    const end = markEnd + cited.length
    const rest = end + blanks.length
    if (CITATION_BEGUN.test(text.slice(rest, rest + CITATION_CHARS_MAX)) && rest + CITATION_CHARS_MAX > text.length) return undefined
    if (mark === '\n') {
      const before = text.slice(from, match.index).trimEnd()
      if (before !== '') return cited === '' ? from + before.length : end
    } else if (isEnd(text.slice(Math.max(from, match.index - BEFORE_CHARS), match.index), { mark, cited, blanks, next })) return end
    END.lastIndex = markEnd
  }
  return undefined
}

interface Candidate {
  readonly mark: string
  readonly cited: string
  readonly blanks: string
  readonly next: string
}

function isEnd(before: string, { mark, cited, blanks, next }: Candidate): boolean {
  if (FULL_WIDTH.test(mark) || blanks.includes('\n')) return true
  if (!ONLY_STOPS.test(mark)) return blanks !== '' || cited !== '' || !IN_ADDRESS.test(next)
  if ((blanks === '' && cited === '') || SMALL.test(next)) return false
  if (!mark.startsWith('.')) return true
  const [word = ''] = WORD_BEFORE.exec(before) ?? []
  const known = word.toLowerCase()
  return word.length !== 1 && !ABBREVIATIONS.has(known) && !(BEFORE_NUMBERS.has(known) && DIGIT.test(next)) && !LIST_NUMBER.test(before)
}
