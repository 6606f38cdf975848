import type { Kind } from '../../../actors/definition/define-kind.ts'
import { loadCatalogue } from '../../../actors/kinds/interest/catalogue.ts'
import { createInterest } from '../../../actors/kinds/interest/kind.ts'
import { createReminder } from '../../../actors/kinds/reminder/kind.ts'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'
import { politeText } from '../../harness/inputs.ts'
import { pick } from '../../harness/random.ts'

/** A built-in kind and a generator of its inputs. */
export interface MeasuredKind {
  readonly kind: Kind
  /** The input number `turn` of one actor. */
  input(turn: number, nowMs: number, random: () => number): { readonly type: string; readonly data: object }
}

const HOUR_MS = 3_600_000
const SIGNALS = ['item.browsed', 'item.liked', 'item.bought'] as const

/** The built-in kinds, with inputs that start no task. */
export function measuredKinds(): readonly MeasuredKind[] {
  const catalogue = loadCatalogue()
  return [
    {
      kind: createSupport({ articles: loadArticles() }),
      input: (_turn, _nowMs, random) => ({ type: 'message.received', data: { role: 'user', text: politeText(random, 0) } }),
    },
    {
      kind: createReminder(),
      input(turn, nowMs, random) {
        const at = new Date(nowMs + pick(random, 96) * HOUR_MS).toISOString()
        const steps = [
          { type: 'appointment.booked', data: { at, what: '牙科检查', lang: 'zh' } },
          { type: 'appointment.moved', data: { at } },
          { type: 'appointment.confirmed', data: {} },
          { type: 'appointment.moved', data: { at } },
          { type: 'appointment.cancelled', data: {} },
        ] as const
        return steps[turn % steps.length] ?? steps[0]
      },
    },
    {
      kind: createInterest(catalogue),
      input: (_turn, _nowMs, random) => ({
        type: SIGNALS[pick(random, SIGNALS.length)] ?? SIGNALS[0],
        data: { ...catalogue[pick(random, catalogue.length)] },
      }),
    },
  ]
}
