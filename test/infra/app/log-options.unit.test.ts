import { pino } from 'pino'
import { expect, test } from 'vitest'
import { LOG_OPTIONS } from '../../../infra/app/log-options.ts'
import { ColloquyError, messageOf } from '../../../schemas/errors.ts'

interface Line {
  readonly err: { readonly message: string; readonly code?: string; readonly stack?: string }
}

/** What a log and the log of another thread write of a thrown value. */
function logged(thrown: unknown): Line['err'] {
  const lines: Line[] = []
  const log = pino(LOG_OPTIONS, { write: (line: string) => void lines.push(JSON.parse(line) as Line) })
  log.error({ err: thrown }, 'a text')
  log.error({ err: lines[0]?.err }, 'a text')
  expect(lines[1]?.err).toEqual(lines[0]?.err)
  return lines[0]?.err ?? { message: '' }
}

const circular: { self?: unknown } = {}
circular.self = circular

test.each<[string, unknown, RegExp]>([
  ['a symbol', Symbol('lost'), /Symbol\(lost\)/],
  ['null', null, /null/],
  ['undefined', undefined, /undefined/],
  ['a text', 'lost', /lost/],
  ['a number', 1n, /1n?/],
  ['an object', { reason: 'lost' }, /lost/],
  ['a circle', circular, /Circular/],
  ['a function', () => undefined, /Function|=>/],
  [
    'an object with getters that throw',
    {
      get message() {
        throw new Error('in a getter')
      },
      get code() {
        throw new Error('in a getter')
      },
      toString() {
        throw new Error('in toString')
      },
      toJSON() {
        throw new Error('in toJSON')
      },
      [Symbol.toPrimitive]() {
        throw new Error('in toPrimitive')
      },
    },
    /Getter/,
  ],
  ['an object without a prototype', Object.create(null), /Object|{}/],
  [
    'a proxy',
    new Proxy(new Error('lost'), {
      get() {
        throw new Error('in a trap')
      },
      getPrototypeOf() {
        throw new Error('in a trap')
      },
    }),
    /lost|cannot be shown/,
  ],
])('%s that was thrown is logged, and has a message', (_, thrown, text) => {
  expect(logged(thrown).message).toMatch(text)
  expect(messageOf(thrown)).toMatch(text)
})

test('errors keep code, causes and stack', () => {
  const error = new ColloquyError('bad_config', 'it is wrong', { cause: new Error('the cause') })
  expect(logged(error)).toMatchObject({
    message: 'it is wrong: the cause',
    code: 'bad_config',
    stack: expect.stringContaining('at ') as string,
  })
})

test('errors that cannot be changed or written as JSON are logged', () => {
  expect(logged(Object.freeze(new Error('frozen'))).message).toBe('frozen')
  expect(logged(Object.assign(new Error('with a circle'), { circular })).message).toBe('with a circle')
  const error = Object.assign(new Error('with a getter'), { bad: 0 })
  Object.defineProperty(error, 'bad', {
    enumerable: true,
    get() {
      throw new Error('in a getter')
    },
  })
  expect(logged(error).message).toBe('with a getter')
})
