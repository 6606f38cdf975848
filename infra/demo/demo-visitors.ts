import type { Item } from '../../actors/kinds/interest/catalogue.ts'
import type { Cue } from './play-script.ts'

const VISITORS = 8
const SIGNALS_EACH = 100
/** Rate of all visitors together. */
const SIGNALS_PER_SECOND = 20
/** Every 20th signal asks for recommendations, every 23rd is a purchase, and so on; the first match counts. All other signals are views. */
const [ASKS_EVERY, BUYS_EVERY, LIKES_EVERY, RATES_EVERY] = [20, 23, 7, 9]

/** Signals of a shop's visitors. Every second item of a visitor is about the visitor's favourite topics. */
export function visitorCues(tenant: string, catalogue: readonly Item[]): Cue[] {
  const cues: Cue[] = []
  for (let step = 0; step < SIGNALS_EACH; step++) {
    for (let visitor = 0; visitor < VISITORS; visitor++) {
      const favourite = catalogue[(visitor * 2) % catalogue.length]
      const shelf = step % 2 === 0 ? catalogue.filter(({ topics }) => topics.some((topic) => favourite?.topics.includes(topic))) : catalogue
      const item = shelf[(step * step + visitor) % shelf.length]
      if (item === undefined) continue
      cues.push({
        atMs: (cues.length * 1_000) / SIGNALS_PER_SECOND,
        address: { tenant, kind: 'interest', id: `visitor-${visitor + 1}` },
        input: { ...signal(step + 1, item), id: `demo-${step + 1}`, source: 'demo', sequence: step + 1 },
      })
    }
  }
  return cues
}

function signal(count: number, item: Item): { type: string; data: Record<string, unknown> } {
  if (count % ASKS_EVERY === 0) return { type: 'recommendations.asked', data: { count: 3 } }
  if (count % BUYS_EVERY === 0) return { type: 'item.bought', data: { ...item } }
  if (count % LIKES_EVERY === 0) return { type: 'item.liked', data: { ...item } }
  if (count % RATES_EVERY === 0) return { type: 'item.rated', data: { ...item, stars: 1 + (count % 5) } }
  return { type: 'item.browsed', data: { ...item } }
}
