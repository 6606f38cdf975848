import { gratitudeOf, isDecline, isParting } from './gratitude.ts'
import { type Intent, INTENTS, LEXICON, type Topic, TOPICS } from './lexicon.ts'
import { tokensOf } from './tokens.ts'

/** The classification of a message. */
export interface Classification {
  readonly intent: Intent
  /** 0 (no term matched) to 1. Below 0.5, another intent scored nearly as high, or only weak terms matched. */
  readonly confidence: number
  /** The topic of the case after this message. */
  readonly topic: Topic | null
  /** Whether the message only makes sense after the previous one ("and abroad?"). */
  readonly continues: boolean
  /** The terms that decided. */
  readonly because: readonly string[]
}

/** Tokens of a message that are classified; the intent of a message shows at its beginning. */
const TOKENS_MAX = 120

/** A topic with at least this score outweighs courtesy: "great, thanks! and how do I return it?" is about returns. */
const TOPIC_SCORE_CLEAR = 2
const COURTESY_SHARE_BESIDE_TOPIC = 0.4
const COURTESIES: ReadonlySet<Intent> = new Set(['smalltalk', 'thanks', 'feedback_positive'])
/** A complaint with at least this score outweighs the thanks beside it: "thank you, but it did not help". */
const COMPLAINT_SCORE_CLEAR = 3
/** A term of thanks with less weight ("ok") only acknowledges. */
const THANKS_WEIGHT_MIN = 3

/** A message that refers to the previous one and scores less than this inherits its topic. */
const OWN_SCORE_MIN = 2
const INHERITED_CONFIDENCE = 0.5

const CONTINUES = /^\s*(and|also|but|what about|how about|or|then|同样|那|还有|另外|顺便|以及|然后)(?![a-z])|呢\s*[?？。!！]*\s*$/i
const REFERS = /\b(it|its|that|this|them|they|one|ones|there|those|these)\b|这个|那个|这款|那款|它|这种|那种/i

/** Whether a message refers to something said before it. */
export const isFollowUp = (text: string): boolean => CONTINUES.test(text) || REFERS.test(text)

interface Weighted {
  readonly intent: Intent
  readonly weight: number
}

interface Node {
  readonly next: Map<string, Node>
  readonly senses: Weighted[]
}

const LEXICON_ROOT = treeOf(LEXICON)

/**
 * Classifies a message by the lexicon: adds up the weights of the longest terms that do not overlap, by intent. Pure and deterministic.
 *
 * @param topic the topic of the conversation so far
 */
export function classify(text: string, topic: Topic | null): Classification {
  const found = findTerms(tokensOf(text).slice(0, TOKENS_MAX))
  const scores = scoresOf(found)
  const { best, score, runnerUp } = bestOf(scores)
  const continues = topic !== null && isFollowUp(text)
  if (continues && score < OWN_SCORE_MIN) {
    return { intent: topic, confidence: INHERITED_CONFIDENCE, topic, continues, because: found.map(({ term }) => term) }
  }
  const intent = score === 0 ? 'other' : inContext(best, text, found, scores)
  return {
    intent,
    confidence: Math.round((score / (score + runnerUp + 1)) * 100) / 100,
    topic: isTopic(intent) ? intent : topic,
    continues,
    because: found.filter(({ senses }) => score > 0 && senses.some((sense) => sense.intent === best)).map(({ term }) => term),
  }
}

/** The intent of a courtesy in the light of the words around it. */
function inContext(best: Intent, text: string, found: readonly Found[], scores: ReadonlyMap<Intent, number>): Intent {
  if (best !== 'thanks' && best !== 'smalltalk') return best
  const thanks = found.some(({ senses }) => senses.some(({ intent, weight }) => intent === 'thanks' && weight >= THANKS_WEIGHT_MIN))
  if (!thanks) return isDecline(text) ? 'smalltalk' : best
  const meaning = gratitudeOf(text)
  if (meaning !== 'thanks') return meaning === 'declines' ? 'smalltalk' : 'feedback_negative'
  if (best === 'thanks') return best
  // "Thanks, have a nice day" and "hey, thanks" are thanks; "thanks, are you a robot?" is not.
  const isEven = scores.get('thanks') === scores.get('smalltalk') && !/[?？]/.test(text)
  return isParting(text) || isEven ? 'thanks' : best
}

/** Among intents with equal scores, the first one wins. */
function bestOf(scores: ReadonlyMap<Intent, number>): { readonly best: Intent; readonly score: number; readonly runnerUp: number } {
  let [best, score, runnerUp]: [Intent, number, number] = ['other', 0, 0]
  for (const intent of INTENTS) {
    const its = scores.get(intent) ?? 0
    if (its > score) [best, score, runnerUp] = [intent, its, score]
    else if (its > runnerUp) runnerUp = its
  }
  return { best, score, runnerUp }
}

const isTopic = (intent: Intent): intent is Topic => TOPICS.some((topic) => topic === intent)

interface Found {
  readonly term: string
  readonly senses: readonly Weighted[]
  readonly at: number
  readonly length: number
}

/** Finds all terms. Of overlapping terms the longest is kept, of equally long ones the first. */
function findTerms(tokens: readonly string[]): Found[] {
  const candidates: Found[] = []
  for (let at = 0; at < tokens.length; at++) addTermsFrom(tokens, at, candidates)
  if (candidates.length < 2) return candidates
  const kept: Found[] = []
  for (const found of candidates.sort((a, b) => b.length - a.length || a.at - b.at)) {
    if (!kept.some((other) => found.at < other.at + other.length && other.at < found.at + found.length)) kept.push(found)
  }
  return kept.sort((a, b) => a.at - b.at)
}

function addTermsFrom(tokens: readonly string[], at: number, found: Found[]): void {
  let node: Node | undefined = LEXICON_ROOT
  for (let end = at; end < tokens.length; end++) {
    node = node.next.get(tokens[end] ?? '')
    if (node === undefined) return
    if (node.senses.length === 0) continue
    found.push({ term: tokens.slice(at, end + 1).join(' '), senses: node.senses, at, length: end + 1 - at })
  }
}

function scoresOf(found: readonly Found[]): Map<Intent, number> {
  const scores = new Map<Intent, number>()
  for (const { intent, weight } of found.flatMap(({ senses }) => senses)) scores.set(intent, (scores.get(intent) ?? 0) + weight)
  const serious = [...TOPICS, 'other' as const].some((topic) => (scores.get(topic) ?? 0) >= TOPIC_SCORE_CLEAR)
  if (serious) for (const intent of COURTESIES) scores.set(intent, (scores.get(intent) ?? 0) * COURTESY_SHARE_BESIDE_TOPIC)
  if ((scores.get('feedback_negative') ?? 0) >= COMPLAINT_SCORE_CLEAR) {
    for (const intent of ['smalltalk', 'thanks'] as const) scores.set(intent, (scores.get(intent) ?? 0) * COURTESY_SHARE_BESIDE_TOPIC)
  }
  return scores
}

/** The lexicon as a prefix tree of tokens. A node with senses ends a term. */
function treeOf(lexicon: typeof LEXICON): Node {
  const root: Node = { next: new Map(), senses: [] }
  for (const intent of INTENTS) {
    for (const [weight, list] of Object.entries(lexicon[intent])) {
      for (const term of list.split(',')) {
        let node = root
        for (const token of tokensOf(term)) {
          const next: Node = node.next.get(token) ?? { next: new Map(), senses: [] }
          node.next.set(token, next)
          node = next
        }
        if (!node.senses.some((sense) => sense.intent === intent)) node.senses.push({ intent, weight: Number(weight) })
      }
    }
  }
  return root
}
