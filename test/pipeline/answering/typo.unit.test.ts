import { expect, test } from 'vitest'
import { isTypo } from '../../../pipeline/answering/typo.ts'

test.each([
  ['password', 'pasword'],
  ['delete', 'delte'],
  ['account', 'acount'],
  ['address', 'adress'],
  ['receipt', 'reciept'],
])('%s and %s are one word, mistyped', (one, other) => {
  expect([isTypo(one, other), isTypo(other, one)]).toEqual([true, true])
})

test.each([
  ['contact', 'contract'],
  ['employer', 'employee'],
  ['lender', 'sender'],
  ['export', 'import'],
  ['cat', 'cart'],
  ['price', 'price list'],
])('%s and %s are two', (one, other) => {
  expect([isTypo(one, other), isTypo(other, one)]).toEqual([false, false])
})
