/** Letters and signs that look like one of ASCII and that Unicode's compatibility forms do not fold; in lower case. */
const PAIRS =
  'аa еe оo рp сc уy хx іi ѕs јj ԁd һh ӏl вb кk мm нh тt гr пn υu νv οo αa '
  + 'ρp ιi κk τt ɑa ɡg ɪi ʀr ʏy ｜| ︱| ǀ| ∣| │| ∶: ː: ꞉: ׃: ᐸ< ❮< ᐳ> ❯> ﹤< ﹥>'
const LOOK_ALIKES: ReadonlyMap<string, string> = new Map(PAIRS.split(' ').map((pair) => [pair.slice(0, -1), pair.slice(-1)] as const))

/** A text in the form in which it is searched for markers, with the place of each of its units in the text as it is. */
export interface FoldedText {
  /** Lower case, of ASCII where a character looks like it. */
  readonly folded: string
  /** Start in the original of the character that a unit comes from. One more than `folded` has: the length of the original. */
  readonly starts: readonly number[]
}

/** Most characters are: of ASCII, or a common Han character. */
const isPlain = (character: string): boolean => character < '\u0080' || (character >= '\u4e00' && character < '\ua000')

/** Folds what looks alike: full width, mathematical and circled letters (Unicode NFKC), and letters of other scripts. */
export function foldLookAlikes(text: string): FoldedText {
  let folded = ''
  const starts: number[] = []
  let at = 0
  for (const character of text) {
    if (isPlain(character)) {
      folded += character.toLowerCase()
      starts.push(at++)
      continue
    }
    const plain = LOOK_ALIKES.get(character.toLowerCase()) ?? character.normalize('NFKC').toLowerCase()
    for (const unit of plain) {
      const own = LOOK_ALIKES.get(unit) ?? unit
      folded += own
      for (let index = 0; index < own.length; index++) starts.push(at)
    }
    at += character.length
  }
  starts.push(at)
  return { folded, starts }
}
