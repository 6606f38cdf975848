import { expect, test } from 'vitest'
import { codeOf } from '../../schemas/errors.ts'

test.each([
  [new DOMException('late', 'TimeoutError'), 'timeout'],
  [new DOMException('gone', 'AbortError'), 'aborted'],
  [new DOMException('no copy', 'DataCloneError'), 'DataCloneError'],
  [Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }), 'ECONNREFUSED'],
  [Object.assign(new Error('not found'), { code: 404 }), '404'],
  [new Error('none'), undefined],
])('the code of %s is %s', (error, code) => {
  expect(codeOf(error)).toBe(code)
})
