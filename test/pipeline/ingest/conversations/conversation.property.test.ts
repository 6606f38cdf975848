import fc from 'fast-check'
import { expect, test } from 'vitest'
import { actorIdOf, conversationIdOf } from '../../../../pipeline/ingest/conversations/conversation.ts'
import { TOKEN } from '../../../../schemas/subjects.ts'

const ids = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/),
  fc.stringMatching(/^[A-Za-z0-9_-]{1,60}$/).map((id) => `b64-${id}`),
)

test('every conversation id becomes a token that can be converted back', () => {
  fc.assert(
    fc.property(ids, (id) => {
      const actorId = actorIdOf(id)
      fc.pre(actorId !== undefined)
      expect(actorId).toMatch(TOKEN)
      expect(conversationIdOf(actorId)).toBe(id)
    }),
  )
})

test('an id that is a token is kept', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,128}$/), (id) => {
      fc.pre(!id.startsWith('b64-'))
      expect(actorIdOf(id)).toBe(id)
    }),
  )
})

test('ids up to 93 bytes are accepted, longer and malformed ones are not', () => {
  expect(actorIdOf('你'.repeat(31))).toBeDefined()
  expect(actorIdOf('你'.repeat(32))).toBeUndefined()
  expect(actorIdOf('\ud800')).toBeUndefined()
  expect(actorIdOf('')).toBeUndefined()
})
