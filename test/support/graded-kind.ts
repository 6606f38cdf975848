import { emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { evaluatedFields, feedbackGiven, KNOWN_EMITS, KNOWN_INPUTS, messageSent } from '../../schemas/events.ts'
import type { LogRecord } from '../../schemas/record.ts'

const sent = messageSent.extend(evaluatedFields)

/**
 * The answer to a text that names its quality, such as `退货 0.4`. A text with `all` answers all open questions, one with `unjudged` has no
 * quality, and `wait` none at all.
 */
export function gradedAnswer(id: string, text: string): z.output<typeof sent> {
  const quality = Number(/[\d.]+/.exec(text)?.[0] ?? 0.9)
  const known = { text: `re: ${text}`, ...(text.includes('all') ? {} : { replyTo: id }), intent: 'returns', model: 'small', hits: 2 }
  if (text.includes('unjudged')) return known
  const scores = { relevance: quality, completeness: 1, coherence: 1, groundedness: text.includes('alone') ? null : quality }
  const reasons = quality < 0.7 ? ['number_not_in_sources'] : []
  return { ...known, quality, evaluator: 'rules@1', scores, reasons, tokensIn: 7, tokensOut: 3, cost: 0.002, sources: [{ source: 'kb' }] }
}

const graded = defineKind({
  name: 'graded',
  version: 1,
  context: z.object({}),
  events: { ...KNOWN_INPUTS, 'feedback.given': feedbackGiven, close: z.object({}), end: z.object({}) },
  emits: { ...KNOWN_EMITS, 'message.sent': sent },
  tasks: {},
})

/** A kind that answers at once, with the scores that the question asks for. */
export const gradedKind = graded.with(
  setup({
    ...graded.xstate,
    guards: {
      isAsked: ({ event }) => event.type === 'message.received' && event.data.role === 'user' && !event.data.text.includes('wait'),
    },
  }).createMachine({
    context: {},
    initial: 'open',
    states: {
      open: {
        on: {
          'message.received': {
            guard: 'isAsked',
            actions: emit(({ event }) => ({ type: 'message.sent', data: gradedAnswer(event.id, event.data.text) })),
          },
          close: { actions: emit({ type: 'case.closed', data: { outcome: 'resolved' } }) },
          end: 'ended',
        },
      },
      ended: { type: 'final' },
    },
  }),
)

/** The internal message of a judgement of the first answer in a record, as the role judge sends it. */
export function judgementOf(record: LogRecord, seq: number, evaluator: string, version: string, overall: number, more: object = {}) {
  const [answer] = record.emitted
  if (answer === undefined) throw new Error('the record has no answer')
  const { text: _text, sources: _sources, ...stated } = answer.data
  return {
    type: 'answer.judged' as const,
    id: `judge:${evaluator}@${version}:${answer.id}`,
    data: {
      answer: answer.id,
      evaluator,
      version,
      scores: { relevance: overall, completeness: overall, coherence: 1, groundedness: null },
      overall,
      reasons: overall < 0.7 ? ['off_topic'] : [],
      suggestions: ['say when'],
      given: {
        seq,
        idx: 1,
        at: record.at,
        caseNo: record.case.no,
        machine: record.machine,
        answered: (record.answered ?? []).filter(({ idx }) => idx === 1),
        sent: stated,
      },
      ...more,
    },
  }
}
