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
  'zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen'
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
const ENGLISH = new RegExp(`\\b(?:${ENGLISH_WORD})(?:(?:[ -]| and )(?:${ENGLISH_WORD})){0,12}\\b`, 'gi')
const ENGLISH_SCALED = /(?<![\d.,])(\d{1,24}(?:[.,]\d{1,12}){0,8})[ -](thousand|million|billion)\b/gi

const HAN_DIGITS: ReadonlyMap<string, number> = new Map([
  ...[...'零一二三四五六七八九'].map((digit, value) => [digit, value] as const),
  ['两', 2],
])
const HAN_SCALES: ReadonlyMap<string, number> = new Map([
  ['十', 10],
  ['百', 100],
  ['千', 1_000],
  ['万', 10_000],
  ['亿', 100_000_000],
])
/** A digit with a scale, or either before what is counted: `一千`, `三天`. Alone they are mostly part of another word: `一样`, `万一`. */
const HAN =
  /[一二三四五六七八九两十][零一二三四五六七八九两十百千万亿]{0,12}[十百千万亿][零一二三四五六七八九]{0,2}|十[一二三四五六七八九]|[一二三四五六七八九两十](?=[天日年月周个次小欧元块米公人件位种家倍岁])/gu
const HAN_SCALED = /(?<![\d.,])(\d{1,24}(?:[.,]\d{1,12}){0,8}) ?([百千万亿]{1,4})(?![一二三四五六七八九])/gu

/** Smaller numbers in words are mostly no statement of a quantity: `the two`, `one of them`. */
const SPELLED_MIN = 3

/** A text with its numbers in digits: `thirty` and `三十` become `30`, `2 million` and `200 万` become `2000000`. */
export function withDigits(plain: string): string {
  const inEnglish = plain
    .replace(ENGLISH_SCALED, (_, digits: string, scale: string) => scaled(digits, LARGE.get(scale.toLowerCase()) ?? 1))
    .replace(ENGLISH, (words) => spelled(words, englishValue(words)))
  return inEnglish
    .replace(HAN_SCALED, (_, digits: string, scales: string) =>
      scaled(
        digits,
        [...scales].reduce((product, scale) => product * (HAN_SCALES.get(scale) ?? 1), 1),
      ),
    )
    .replace(HAN, (characters) => spelled(characters, hanValue(characters)))
}

const spelled = (words: string, value: number): string => (value < SPELLED_MIN ? words : String(value))
/** Rounded, since 1.1 times a million has a fraction in binary. */
const scaled = (digits: string, scale: number): string => String(Math.round(Number(plainNumber(digits)) * scale * 100) / 100)

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
    if (value !== undefined) digit = value
    else if (scale !== undefined && scale >= 10_000) [total, part, digit] = [(total + part + digit || 1) * scale, 0, 0]
    else if (scale !== undefined) [part, digit] = [part + Math.max(1, digit) * scale, 0]
  }
  return total + part + digit
}
