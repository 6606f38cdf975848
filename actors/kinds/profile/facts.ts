import { type About, type Fact, PROFILE_LIMITS } from '../../../schemas/profile-events.ts'
import { foldText } from '../../core/fold-text.ts'
import type { Statement } from './statement.ts'

/** Of these there is one: the newer replaces the older. */
const SINGLE: ReadonlySet<About> = new Set(['name', 'form', 'language', 'home', 'work'])
/** Facts that cannot both hold of one thing. */
const OPPOSITES: Readonly<Partial<Record<About, About>>> = { likes: 'refuses', refuses: 'likes' }

/** A fact as far as others are compared with it. */
export type Known = Pick<Fact, 'about' | 'value'>

/** Facts after a message, with what it changed. */
export interface Applied<F extends Known> {
  readonly facts: readonly F[]
  readonly said: readonly F[]
  readonly withdrawn: readonly F[]
}

/**
 * Applies what a message says to the facts known before, in its order. The newer of two statements holds; a fact that is said again keeps
 * its place, with the words of before.
 *
 * @param factOf a fact of a statement that says one
 */
export function applied<F extends Known>(
  before: readonly F[],
  statements: readonly Statement[],
  factOf: (statement: Statement & { readonly about: About; readonly value: string }) => F,
): Applied<F> {
  let facts = [...before]
  for (const { is, about, value, words } of statements) {
    if (is === 'withdrawn') {
      facts = facts.filter((fact) => !isMeant(fact, about, value))
      continue
    }
    if (about === null || value === null || facts.some((fact) => fact.about === about && isSame(about, fact.value, value))) continue
    const opposite = OPPOSITES[about]
    facts = [
      ...facts.filter(
        (fact) => !(fact.about === about && SINGLE.has(about)) && !(fact.about === opposite && isSame(about, fact.value, value)),
      ),
      factOf({ is, about, value, words }),
    ]
  }
  const kept = bounded(facts)
  return { facts: kept, said: kept.filter((fact) => !before.includes(fact)), withdrawn: before.filter((fact) => !kept.includes(fact)) }
}

/** What is said in several ways, and in two languages. */
const SYNONYMS: Readonly<Partial<Record<string, string>>> = {
  吃素: 'vegetarian',
  吃斋: 'vegetarian',
  素食: 'vegetarian',
  纯素: 'vegan',
  清真: 'halal',
  coeliac: 'celiac',
  teetotaller: 'teetotal',
  teetotaler: 'teetotal',
}
/** A value for comparison: "nut" is what "nuts" are. */
const comparable = (value: string): string => SYNONYMS[foldText(value)] ?? foldText(value).replace(/(?<=[a-rt-z]{2})s(?=$|\s)/gu, '')

/** Whether two values of a kind of fact mean the same. Names and places are compared as they are written, but for case and accents. */
const isSame = (about: About, one: string, other: string): boolean =>
  about === 'name' || about === 'home' ? foldText(one) === foldText(other) : comparable(one) === comparable(other)

/** Whether a withdrawal means a fact. One that names no kind means the facts whose values it contains. */
function isMeant(fact: Known, about: About | null, value: string | null): boolean {
  if (about !== null && fact.about !== about) return false
  if (value === null) return true
  return about === null ? foldText(value).includes(foldText(fact.value)) : isSame(about, fact.value, value)
}

/** The newest facts within the bounds of a profile. */
function bounded<F extends Known>(facts: readonly F[]): readonly F[] {
  const { factsMax, factsBytesMax } = PROFILE_LIMITS
  let bytes = 0
  const first = facts.findLastIndex((fact, index) => {
    bytes += Buffer.byteLength(JSON.stringify(fact)) + 1
    return bytes > factsBytesMax || facts.length - index > factsMax
  })
  return first < 0 ? facts : facts.slice(first + 1)
}

/** The newest value of a kind of fact. */
export const valueOf = (facts: readonly Known[], about: About): string | undefined => facts.findLast((fact) => fact.about === about)?.value

const WORDS: Readonly<Record<About, { readonly en: string; readonly zh: string }>> = {
  name: { en: 'Wants to be called', zh: '希望被称呼为' },
  form: { en: 'Form of address', zh: '称呼方式' },
  language: { en: 'Preferred language', zh: '偏好语言' },
  home: { en: 'Lives in', zh: '居住地' },
  work: { en: 'Works as', zh: '职业' },
  diet: { en: 'Diet', zh: '饮食' },
  allergy: { en: 'Is allergic to', zh: '过敏' },
  likes: { en: 'Likes', zh: '喜欢' },
  refuses: { en: 'Does not want', zh: '不要' },
  other: { en: 'Also', zh: '其他' },
}

/** The facts as lines for people and prompts, newest last. */
export const factLines = (facts: readonly Known[], lang: 'en' | 'zh'): string[] =>
  facts.map(({ about, value }) => `${WORDS[about][lang]}${lang === 'zh' ? '：' : ': '}${value}`)
