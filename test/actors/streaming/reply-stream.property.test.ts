import fc from 'fast-check'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { readCitations } from '../../../actors/prompting/citations.ts'
import { createReplyStream } from '../../../actors/streaming/reply-stream.ts'
import { recordsLive } from '../../../actors/testkit/live-recorder.ts'
import { cases } from '../../support/property-cases.ts'

const log = pino({ enabled: false })
const piece = fc.oneof(
  fc.constantFrom('It', ' is', '. ', '。', '\n', ' ', ' [1]', '[', '1', ']', '[22]', '3.5', '! A', '好', '？', '[x]', 'secret'),
  fc.string({ unit: 'grapheme', maxLength: 4 }),
)
const attempt = fc.array(piece, { maxLength: 25 })

test('whatever is written, what was told is the text that is sent, and under sentence no secret is told before', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom('token' as const, 'sentence' as const),
      fc.array(attempt, { minLength: 1, maxLength: 3 }),
      fc.boolean(),
      async (mode, attempts, isRefused) => {
        const live = recordsLive(mode)
        const reply = createReplyStream({ live, log, gate: async ({ text }) => !text.includes('secret') })
        for (const [index, pieces] of attempts.entries()) {
          if (index > 0) reply.stream.reset('model_timeout')
          for (const text of pieces) {
            reply.stream.delta(text)
            await Promise.resolve()
          }
          const written = readCitations(pieces.join(''), 0).text
          expect(written.startsWith(live.text)).toBe(true)
        }
        if (mode === 'sentence') expect(live.told.some((told) => 'delta' in told && told.delta.includes('secret'))).toBe(false)
        const sent = isRefused ? 'Sorry.' : readCitations(attempts.at(-1)?.join('') ?? '', 0).text
        await reply.settle(sent)
        expect(live.text).toBe(sent)
      },
    ),
    { numRuns: cases(2_000) },
  )
})
