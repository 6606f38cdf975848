import type { RE2JS } from 're2js'
import { foldAccents, foldHan } from '../../../actors/core/fold-text.ts'
import { checkEntities, compilePattern, wordsOf } from '../../../schemas/entity-definition.ts'
import { type MappedText, mapText } from './mapped-text.ts'

/** Characters of a text in which entities are looked for; the rest is left out. */
export const ENTITY_TEXT_CHARACTERS_MAX = 10_000
/** Matches of one pattern in a text. */
export const MATCHES_MAX = 200

export interface FoundEntity {
  readonly name: string
  /** The value of the definition; of a pattern, the match in NFKC form. */
  readonly value: string
  /** As the message has it: `message.slice(start, end)`. */
  readonly text: string
  /** UTF-16 units from the beginning of the message, as `String.slice` counts. */
  readonly start: number
  readonly end: number
}

export interface EntityFinder {
  /** Entities of a message, by their place. Of overlapping matches the longest holds, then the first, then the earlier definition's. */
  find(message: string): FoundEntity[]
}

interface Word {
  readonly name: string
  readonly value: string
  readonly rank: number
}
interface Match extends FoundEntity {
  readonly rank: number
}

/** Letters and digits of scripts with spaces between words: a value does not begin or end inside a word of them. */
const SPACED = /^[[\p{L}\p{N}]--[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}]]$/v
const widthFolded = (cluster: string): string => cluster.normalize('NFKC')
const folded = (cluster: string): string => foldAccents(foldHan(cluster.normalize('NFKC')).toLowerCase())

/**
 * Finds the entities of a set. Values match whatever their case, width, accents and Han variants; in scripts with spaces as whole words, in
 * Chinese and Japanese anywhere. Time grows with the length of the text: about a hundred look-ups a character at most, and one pass of each
 * pattern for each of its matches.
 *
 * @throws ColloquyError `bad_entity` as `checkEntities` and `compilePattern` do.
 */
export function createEntityFinder(definitions: readonly unknown[]): EntityFinder {
  const checked = checkEntities(definitions)
  const patterns = checked.flatMap(({ name, pattern }, rank) =>
    pattern === undefined ? [] : [{ name, rank, expression: compilePattern(name, pattern) }],
  )
  const words = new Map<string, Word[]>()
  const lengths = new Map<string, number[]>()
  for (const [rank, definition] of checked.entries()) {
    for (const { word, value } of wordsOf(definition)) {
      const key = mapText(word, folded).text
      const known = words.get(key) ?? []
      if (!known.some((other) => other.rank === rank)) words.set(key, [...known, { name: definition.name, value, rank }])
    }
  }
  for (const key of words.keys()) {
    const first = key.charAt(0)
    lengths.set(first, [...new Set([...(lengths.get(first) ?? []), key.length])])
  }
  return {
    find(message) {
      const read = message.slice(0, ENTITY_TEXT_CHARACTERS_MAX).toWellFormed()
      const plain = patterns.length > 0 ? mapText(read, widthFolded) : undefined
      const matches = [
        ...(plain === undefined ? [] : patterns.flatMap((pattern) => patternMatches(plain, message, pattern))),
        ...(words.size === 0 ? [] : wordMatches(mapText(read, folded), message, words, lengths)),
      ]
      return withoutOverlap(matches)
    },
  }
}

function patternMatches(
  { text, starts, ends }: MappedText,
  message: string,
  { name, rank, expression }: { name: string; rank: number; expression: RE2JS },
): Match[] {
  const matcher = expression.matcher(text)
  const matches: Match[] = []
  while (matches.length < MATCHES_MAX && matcher.find()) {
    const [from, to] = [matcher.start(), matcher.end()]
    if (from === to) continue
    const [start, end] = [starts[from]!, ends[to - 1]!]
    matches.push({ name, rank, value: text.slice(from, to), text: message.slice(start, end), start, end })
  }
  return matches
}

function wordMatches(
  { text, starts, ends }: MappedText,
  message: string,
  words: ReadonlyMap<string, readonly Word[]>,
  lengths: ReadonlyMap<string, readonly number[]>,
): Match[] {
  const isInside = (place: number): boolean => SPACED.test(text.charAt(place - 1)) && SPACED.test(text.charAt(place))
  const matches: Match[] = []
  for (let from = 0; from < text.length; from++) {
    for (const length of lengths.get(text.charAt(from)) ?? []) {
      const to = from + length
      const found = to > text.length ? undefined : words.get(text.slice(from, to))
      if (found === undefined || isInside(from) || isInside(to)) continue
      const [start, end] = [starts[from]!, ends[to - 1]!]
      for (const word of found) matches.push({ ...word, text: message.slice(start, end), start, end })
    }
  }
  return matches
}

function withoutOverlap(matches: readonly Match[]): FoundEntity[] {
  const longestFirst = matches.toSorted(
    (one, other) => other.end - other.start - (one.end - one.start) || one.start - other.start || one.rank - other.rank,
  )
  // Units that a longer match has taken.
  const taken = new Set<number>()
  const kept: FoundEntity[] = []
  for (const { name, value, text, start, end } of longestFirst) {
    if (taken.has(start) || taken.has(end - 1)) continue
    for (let unit = start; unit < end; unit++) taken.add(unit)
    kept.push({ name, value, text, start, end })
  }
  return kept.sort((one, other) => one.start - other.start)
}
