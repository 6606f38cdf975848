/** A number as written in digits, without separators of thousands and without zeros that change nothing: `1,000.50` is `1000.5`. */
export function plainNumber(digits: string): string {
  const parts = digits.split(/[.,]/)
  const isGrouped = parts.length > 1 && parts.slice(1).every((part, index) => part.length === 3 && (index > 0 || parts[0]!.length <= 3))
  if (isGrouped && !digits.includes('.')) return withoutZeros(parts.join(''))
  const point = digits.lastIndexOf('.')
  if (point < 0) return withoutZeros(digits.replaceAll(',', ''))
  const fraction = digits.slice(point + 1).replace(/0+$/, '')
  const whole = withoutZeros(digits.slice(0, point).replaceAll(/[.,]/g, ''))
  return fraction === '' ? whole : `${whole}.${fraction}`
}

const withoutZeros = (digits: string): string => digits.replace(/^0+(?=\d)/, '')

const SMALL: ReadonlyMap<string, number> = new Map(
  (
    'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
  )
    .split(' ')
    .map((word, value) => [word, value] as const)
    .concat('twenty thirty forty fifty sixty seventy eighty ninety'.split(' ').map((word, index) => [word, (index + 2) * 10] as const)),
)
const LARGE: ReadonlyMap<string, number> = new Map([
  ['hundred', 100],
  ['thousand', 1_000],
  ['million', 1_000_000],
  ['billion', 1_000_000_000],
])
const ENGLISH_WORD = [...SMALL.keys(), ...LARGE.keys()].join('|')
const ENGLISH = new RegExp(`\\b(?:${ENGLISH_WORD})(?:(?:[ -]| and )(?:${ENGLISH_WORD}))*\\b`, 'gi')

const HAN_DIGITS: ReadonlyMap<string, number> = new Map([...'零一二三四五六七八九', '两'].map((digit, value) => [digit, value === 10 ? 2 : value]))
const HAN_SCALES: ReadonlyMap<string, number> = new Map([
  ['十', 10],
  ['百', 100],
  ['千', 1_000],
  ['万', 10_000],
  ['亿', 100_000_000],
])
/** A scale, or a digit before what is counted: `一千`, `三天`. A digit alone is mostly part of another word: `一样`, `统一`. */
const HAN =
  /[零一二三四五六七八九两]*[十百千万亿][零一二三四五六七八九两十百千万亿]*|[一二三四五六七八九两](?=[天日年月周个次小分欧元块米公人件位种家倍岁点])/gu
const DIGITS = /\d+(?:[.,]\d+)*/g
const SCALED = /^\s?(?:(thousand|million|billion)\b|([百千万亿]+))/i

/** One written number: its value as `plainNumber` writes it, and whether it is written in digits. */
export interface WrittenNumber {
  readonly value: string
  readonly isDigits: boolean
}

/** The numbers of a text in its plain form, in digits, in English words and in Chinese characters. */
export function numbersIn(plain: string): WrittenNumber[] {
  const found: WrittenNumber[] = []
  for (const match of plain.matchAll(DIGITS)) {
    const value = plainNumber(match[0])
    found.push({ value, isDigits: true })
    const scale = SCALED.exec(plain.slice(match.index + match[0].length, match.index + match[0].length + 10))
    if (scale !== null) found.push({ value: String(Number(value) * scaleOf(scale)), isDigits: false })
  }
  for (const [words] of plain.matchAll(ENGLISH)) found.push({ value: String(englishValue(words)), isDigits: false })
  for (const [characters] of plain.matchAll(HAN)) found.push({ value: String(hanValue(characters)), isDigits: false })
  return found
}

const scaleOf = ([, english, han]: RegExpExecArray): number =>
  english !== undefined ? LARGE.get(english.toLowerCase())! : [...han!].reduce((product, scale) => product * HAN_SCALES.get(scale)!, 1)

function englishValue(words: string): number {
  let [total, part] = [0, 0]
  for (const word of words.toLowerCase().split(/[ -]+/)) {
    const [small, large] = [SMALL.get(word), LARGE.get(word)]
    if (small !== undefined) part += small
    else if (large === 100) part = Math.max(1, part) * 100
    else if (large !== undefined) [total, part] = [total + Math.max(1, part) * large, 0]
  }
  return total + part
}

function hanValue(characters: string): number {
  let [total, part, digit] = [0, 0, 0]
  for (const character of characters) {
    const [value, scale] = [HAN_DIGITS.get(character), HAN_SCALES.get(character)]
    if (value !== undefined) digit = digit * (digit > 0 && part === 0 ? 10 : 0) + value
    else if (scale !== undefined && scale >= 10_000) [total, part, digit] = [(total + part + digit || 1) * scale, 0, 0]
    else if (scale !== undefined) [part, digit] = [part + Math.max(1, digit) * scale, 0]
  }
  return total + part + digit
}
