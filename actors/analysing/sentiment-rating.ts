const SHARE = /(?<![\d.])(\d{1,3}(?:\.\d+)?)\s?(?:\/|out of)\s?(5|10|100)(?![\d/])/i
const STARS = /(?<![\d.])(\d(?:\.\d)?)[\s-]?(?:stars?\b(?!\s*(?:hotel|resort|restaurant|general))|颗?星(?!级|酒店|期|座|上将))/i
const STAR_WORDS = /\b(zero|no|one|two|three|four|five)[\s-]stars?\b(?!\s*(?:hotel|resort|restaurant|general))/i
const HAN_STARS = /([零一二两三四五])颗?星(?!级|酒店|期|座|上将|红旗)/
const SCORE = /(?:打|给)(?:个|了)?\s?(\d{1,3})\s?分/
const STAR_RUN = /[★⭐🌟]{1,5}[☆✩]{0,4}/u
const WORDS: Readonly<Record<string, number>> = { zero: 0, no: 0, one: 1, two: 2, three: 3, four: 4, five: 5 }
const HAN: Readonly<Record<string, number>> = { 零: 0, 一: 1, 二: 2, 两: 2, 三: 3, 四: 4, 五: 5 }
const MAYBE = /[\d★⭐🌟星分]|stars?/iu

/** The share of the best rating that a text gives, from 0 to 1: `4/5`, `1 star`, 五星, ★★☆☆☆. The first one counts. */
export function ratingIn(text: string): number | undefined {
  const start = text.length > 2_000 ? text.slice(0, 2_000) : text
  if (!MAYBE.test(start)) return undefined
  const share = SHARE.exec(start)
  if (share !== null) return withinBounds(Number(share[1]) / Number(share[2]))
  const stars = STARS.exec(start)
  if (stars !== null) return withinBounds(Number(stars[1]) / 5)
  const word = STAR_WORDS.exec(start)?.[1]
  if (word !== undefined) return (WORDS[word.toLowerCase()] ?? 0) / 5
  const han = HAN_STARS.exec(start)?.[1]
  if (han !== undefined) return (HAN[han] ?? 0) / 5
  const score = SCORE.exec(start)
  if (score !== null) {
    const points = Number(score[1])
    return withinBounds(points <= 5 ? points / 5 : points <= 10 ? points / 10 : points / 100)
  }
  const run = STAR_RUN.exec(start)?.[0]
  const full = run === undefined ? 0 : [...run].filter((sign) => sign !== '☆' && sign !== '✩').length
  // One star alone is an ornament.
  return run === undefined || [...run].length < 3 ? undefined : full / Math.max(5, [...run].length)
}

const withinBounds = (share: number): number | undefined => (share <= 1 ? share : undefined)
