/** The most frequent Han characters of modern Chinese, which say little about a text; the most frequent first. */
const FREQUENT_HAN = `
  的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方
  多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情
  明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给
  世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太
  量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象
  完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运呢吗吧啊您谁哪怎请`

export const FREQUENT = [...FREQUENT_HAN.replaceAll(/\s/g, '')]

/** English words that say little about a text, normalised: without apostrophes. */
export const FREQUENT_WORDS = `
  a an the this that these those is are was were be been being am i im ive id ill you your youre me my mine we our us they them their
  it its he she his her and or but so if then than as of for to from with at on in by into about do does did doing done dont doesnt
  didnt have has had having havent can cant could couldnt would wouldnt should will wont may might must not no what whats which who
  whom when where wheres why how hi hello hey here there just also too very really please pls thanks thank ok okay want like need get
  got let some any`
  .trim()
  .split(/\s+/)

type Range = readonly [first: number, last: number]

/** Scripts without blanks between words, or whose characters have a meaning each. Their features are runs of one to three characters. */
const IDEOGRAPHIC: readonly Range[] = [
  [0x3005, 0x3007],
  [0x4e00, 0x9fff], // Han
  [0x3041, 0x3096],
  [0x30a1, 0x30fc], // Hiragana, Katakana
  [0xac00, 0xd7a3], // Hangul
  [0x0e01, 0x0e4e],
  [0x0e81, 0x0ede],
  [0x1000, 0x1049],
  [0x1780, 0x17d3], // Thai, Lao, Burmese, Khmer
  [0x2600, 0x27bf],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1faff], // pictures
]

/** Scripts with blanks between words. Only lower case, because normalisation turns all letters into it. */
const ALPHABETIC: readonly Range[] = [
  [0x30, 0x39],
  [0x61, 0x7a],
  [0xdf, 0xff],
  [0x100, 0x24f],
  [0x250, 0x2af], // digits, Latin
  [0x370, 0x3ff],
  [0x430, 0x52f],
  [0x561, 0x587], // Greek, Cyrillic, Armenian
  [0x5d0, 0x5ea],
  [0x620, 0x64a],
  [0x660, 0x669],
  [0x671, 0x6d3],
  [0x6f0, 0x6f9], // Hebrew, Arabic, Persian
  [0x900, 0x97f],
  [0x980, 0x9ff],
  [0xa00, 0xa7f],
  [0xa80, 0xaff],
  [0xb80, 0xbff],
  [0xc00, 0xc7f], // Devanagari to Telugu
  [0x10d0, 0x10ff],
  [0x1200, 0x135a], // Georgian, Ethiopic
]

/** Ids 0, 1 and 2: padding, unknown, word separator. The first two are private characters, which no text contains. */
export const SPECIAL = ['\ue000', '\ue001', ' '] as const

const charactersOf = (ranges: readonly Range[]): string[] =>
  ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, index) => String.fromCodePoint(first + index)))

/**
 * All characters in the order of their ids. The ranges are written out because the model must never change: the Unicode tables of Node's
 * regular expressions change between versions.
 */
export function vocabulary(): { readonly characters: readonly string[]; readonly firstAlphabetic: number } {
  const frequent = new Set(FREQUENT)
  const ideographic = [...FREQUENT, ...charactersOf(IDEOGRAPHIC).filter((character) => !frequent.has(character))]
  const characters = [...SPECIAL, ...ideographic, ...charactersOf(ALPHABETIC)]
  return { characters, firstAlphabetic: SPECIAL.length + ideographic.length }
}
