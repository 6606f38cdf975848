import { detectLanguage } from '../../core/detect-language.ts'
import { clip } from './clip.ts'
import { createCoverage } from './coverage.ts'
import { type Answer, ANSWER_CHARS_MAX, type AnswerInput } from './definition.ts'
import { bestFor, type Hit, HIT_CHARS_MAX, type Language, languageSchema } from './found.ts'
import type { Article } from './knowledge.ts'
import { isIn } from './recall.ts'
import { citationOf, cited, sentence } from './replies.ts'
import { phrasesOf, termsOf } from './terms.ts'
import { unanswered, withOmitted } from './unanswered.ts'

/** Neighbouring sentences quoted together, at most. */
const SENTENCES_MAX = 3
/** Share of the question that each additional sentence must cover. */
const SENTENCE_COST = 0.06

/** Weights of the question's phrases, and of the previous question, relative to the question's words. */
const PHRASES_WEIGHT = 0.3
const ABOUT_WEIGHT = 0.1

/** An answer by quotation. */
export interface Quotation extends Pick<Answer, 'text' | 'sources'> {
  /** The text without its citations; absent where there is none. */
  readonly passage?: string
  /** Its language, where that is not the one of the customer. */
  readonly lang?: Language
}

/** What is quoted for one question. */
interface Quote {
  /** Its place among those of the message. */
  readonly lookup: number
  readonly hit: Hit
  readonly passage: string
}

/** A passage that covers less of one question among several is not quoted for it. */
const COVERED_MIN = 0.2

/**
 * Creates an answer by quotation. It takes the best passage in the language of the question, and quotes the neighbouring sentences that
 * cover most of the question. It adds only the title. Of several questions each is answered so, as far as `ANSWER_CHARS_MAX` allows, and
 * the text says which are not, and what of the message was not looked up. `text` is null where there is no such passage.
 */
export function createExtract(articles: readonly Article[]): (input: AnswerInput) => Quotation {
  const coverageInArticles = createCoverage(articles)
  /** Keyed by the text itself, so that a hit from another version of the articles is split afresh. */
  const read = new Map(
    articles.map(({ text, lang }) => {
      const clipped = clip(text, HIT_CHARS_MAX)
      return [clipped, sentencesOf(clipped, lang)]
    }),
  )

  const quoteOf = ({ text, about, lang }: Asked, hit: Hit, hits: readonly Hit[], lookup = 0): Quote => {
    const coverageOf = read.has(hit.text) ? coverageInArticles : createCoverage(hits)
    const titleTerms = new Set(termsOf(hit.title))
    const [covers, coversAbout, phrases] = [coverageOf(text), coverageOf(about ?? ''), phrasesOf(text)]
    const worthOf: Worth = (terms, pairs) => {
      const together = phrases.intersection(pairs).size / Math.max(1, phrases.size)
      // Words that are in the title already count half.
      return (covers(terms) + covers(terms.union(titleTerms))) / 2 + PHRASES_WEIGHT * together + ABOUT_WEIGHT * coversAbout(terms)
    }
    return { lookup, hit, passage: bestPassage(read.get(hit.text) ?? sentencesOf(hit.text, lang), worthOf) }
  }

  return (input) => {
    const { text, about, lang, hits, lookups = [] } = input
    const quoted = languageOfHits(input)
    const own = hits.filter((hit) => isIn(hit, quoted))
    const [first] = own
    if (first === undefined) return { text: null, sources: [] }
    const [only = text] = about === null ? lookups : []
    const quotes =
      lookups.length < 2
        ? [unsaid(input, first, own, (hit) => quoteOf({ text: only, about, lang }, hit, hits))]
        : lookups.flatMap((lookup, index) => {
            const best = bestFor(own, index)
            return best === undefined || best.score < COVERED_MIN ? [] : [quoteOf({ text: lookup, about: null, lang }, best, hits, index)]
          })
    return quotes.length === 0 ? joined([quoteOf({ text, about, lang }, first, hits)], input) : joined(quotes, input, lookups)
  }
}

/** The language to quote: that of the customer, or that of his question, where the lookup found the answer in that one alone. */
function languageOfHits({ text, lang, hits: [best] }: Pick<AnswerInput, 'text' | 'lang' | 'hits'>): Language {
  if (best?.lang == null || isIn(best, lang)) return lang
  const asked = languageSchema.safeParse(detectLanguage(text)).data
  return asked !== undefined && isIn(best, asked) ? asked : lang
}

/** The customer wants to read the same once more. */
const AGAIN = /\b(again|once more|repeat)\b|再(说|讲|问|看)|重复|重说/i

/**
 * The quote of the first passage. Where the message takes up the reply before it, and that has said just this, it is the quote of the next
 * passage that covers more of the message: the customer knows the first.
 */
function unsaid(
  { text, about, turns }: Pick<AnswerInput, 'text' | 'about' | 'turns'>,
  first: Hit,
  hits: readonly Hit[],
  quote: (hit: Hit) => Quote,
): Quote {
  const said = turns.findLast(({ role }) => role === 'assistant')?.text ?? ''
  const isNew = ({ passage }: Quote): boolean => !said.includes(passage)
  const own = quote(first)
  if (about === null || AGAIN.test(text) || isNew(own)) return own
  for (const hit of hits) {
    if (hit.score <= first.score) continue
    const other = quote(hit)
    if (isNew(other)) return other
  }
  return own
}

type Asked = Pick<AnswerInput, 'text' | 'about' | 'lang'>

/**
 * The quotations one after another, each with its citation; one that says the same as another, or has no room, is left out.
 *
 * @param lookups several questions, of which the text says which it does not answer; default: none
 */
function joined(quotes: readonly Quote[], input: AnswerInput, lookups: readonly string[] = []): Quotation {
  const { lang } = input
  const quoted = languageOfHits(input)
  const before = quoted !== lang ? [sentence('otherLanguage', lang)] : []
  const room = ANSWER_CHARS_MAX - before.join('').length - before.length
  const [texts, passages] = [before, new Array<string>()]
  const answered = new Set<number>()
  const sources = new Map<string, Hit>()
  for (const { lookup, hit, passage } of quotes) {
    const text = clip(cited(passage, hit.title, lang), room)
    if (passages.includes(passage)) answered.add(lookup)
    if (passages.includes(passage) || [...texts, text].join('\n').length > ANSWER_CHARS_MAX) continue
    answered.add(lookup)
    texts.push(text)
    passages.push(passage)
    sources.set(hit.chunk ?? hit.source, hit)
  }
  const open = lookups.length < 2 ? [] : [...lookups.keys()].filter((index) => !answered.has(index))
  const text = [...texts, ...(open.length === 0 ? [] : [unanswered(input.text, lookups, open, lang)])].join('\n')
  return {
    text: withOmitted(text, input),
    sources: [...sources.values()].map(citationOf),
    passage: passages.join('\n'),
    ...(quoted !== lang && { lang: quoted }),
  }
}

type Worth = (terms: ReadonlySet<string>, phrases: ReadonlySet<string>) => number

interface Sentence {
  readonly text: string
  readonly terms: ReadonlySet<string>
  readonly phrases: ReadonlySet<string>
}

/** Splits a text into sentences and rows of tables; a question stays together with the next sentence. */
function sentencesOf(text: string, lang: string): Sentence[] {
  const sentences: string[] = []
  const segmenter = new Intl.Segmenter(lang, { granularity: 'sentence' })
  for (const paragraph of text.split(/(?<=\n)\n+/)) {
    const rows = rowsOf(
      paragraph.split('\n').filter((line) => line !== ''),
      lang,
    )
    if (rows !== undefined) {
      sentences.push(...rows)
      continue
    }
    for (const { segment } of segmenter.segment(paragraph)) {
      const before = sentences.at(-1)
      if (before !== undefined && /[?？]\s*$/.test(before)) sentences[sentences.length - 1] = before + segment
      else sentences.push(segment)
    }
  }
  return sentences.map((sentence) => ({ text: sentence, terms: new Set(termsOf(sentence)), phrases: phrasesOf(sentence) }))
}

const RULE = /^\|(?:\s*:?-+:?\s*\|)+$/
const NAMED_CELL = /^[^:：\n]{1,80}: /

/**
 * The rows of a paragraph that is a table under a header, or one row of cells with the names of their columns; `undefined` for any other. A
 * row is quoted whole: each cell says something only beside the others.
 */
function rowsOf(lines: readonly string[], lang: string): string[] | undefined {
  const rule = lines.findIndex((line) => RULE.test(line))
  if (rule > 0) {
    const header = cellsOf(lines[rule - 1] ?? '')
    const rows = lines.slice(rule + 1).map((line) => {
      const cells = cellsOf(line).map((cell, index) => (cell === '' ? '' : header[index] ? `${header[index]}: ${cell}` : cell))
      return rowText(
        cells.filter((cell) => cell !== ''),
        lang,
      )
    })
    return [...lines.slice(0, rule - 1).map((line) => `${line}\n`), ...rows]
  }
  return lines.length > 1 && lines.every((line) => NAMED_CELL.test(line)) ? [rowText(lines, lang)] : undefined
}

const cellsOf = (line: string): string[] =>
  line
    .replace(/^\||\|$/g, '')
    .split(/(?<!\\)\|/)
    .map((cell) => cell.replaceAll('\\|', '|').trim())

/** The cells of a row as a sentence. */
function rowText(cells: readonly string[], lang: string): string {
  const between = lang === 'zh' ? '；' : '; '
  const parts = cells.map((cell, index) => {
    if (index + 1 === cells.length) return cell
    return /[.!?;。！？；]$/.test(cell) ? `${cell} ` : `${cell}${between}`
  })
  return `${parts.join('')}\n`
}

function bestPassage(sentences: readonly Sentence[], worthOf: Worth): string {
  let best = { passage: '', worth: -Infinity }
  for (let from = 0; from < sentences.length; from++) {
    let [passage, terms, phrases] = ['', new Set<string>(), new Set<string>()]
    for (const [index, sentence] of sentences.slice(from, from + SENTENCES_MAX).entries()) {
      passage += sentence.text
      terms = terms.union(sentence.terms)
      phrases = phrases.union(sentence.phrases)
      const worth = worthOf(terms, phrases) - SENTENCE_COST * (index + 1)
      if (worth > best.worth) best = { passage: passage.trim(), worth }
    }
  }
  return best.passage
}
