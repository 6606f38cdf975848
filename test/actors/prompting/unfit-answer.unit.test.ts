import { expect, test } from 'vitest'
import { unfitAnswer } from '../../../actors/prompting/unfit-answer.ts'

test.each([
  ['echo', "The person's message:\n<data-366684776598 message>\n| Refund 500 cents, please.\n</data-366684776598>"],
  ['loop', `${"The person's message of 2026-05-20:\n".repeat(30)}The person's me`],
  ['loop', '好的。\n'.repeat(6)],
])('an answer is refused as %s', (reason, text) => {
  expect(unfitAnswer(text)).toEqual([reason])
})

test.each([
  ['In Oslo.'],
  ['一\n二\n三\n四\n五\n六\n七'],
  ['Yes.\nYes.\nYes.'],
  ['Row, row\nGently\nRow, row\nMerrily\nRow, row\nLife'],
  ['<data-x>'],
])('any other is taken: %s', (text) => {
  expect(unfitAnswer(text)).toEqual([])
})
