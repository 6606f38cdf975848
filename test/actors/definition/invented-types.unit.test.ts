import { getHeapStatistics, setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { assign, setup } from 'xstate'
import { createPureMachine } from '../../../actors/definition/pure-machine.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const TYPES = 200_000
const BYTES_MAX = 4 * 1024 * 1024

const machine = () =>
  setup({ types: { context: { seen: '' } } }).createMachine({
    context: { seen: '' },
    type: 'parallel',
    states: {
      left: { initial: 'open', states: { open: { on: { close: 'closed' } }, closed: { on: { 'close.*': {} } } } },
      right: { on: { '*': { actions: assign({ seen: ({ event }) => event.type }) } } },
    },
  })

function heapBytes(): number {
  collectGarbage()
  return getHeapStatistics().used_heap_size
}

test('types of events that no state names take no memory, with wildcards too', () => {
  const pure = createPureMachine(machine())
  const [first] = pure.initial(undefined)
  for (let i = 0; i < 1_000; i++) pure.next(first, { type: `warm-up.${i}` })
  const before = heapBytes()
  for (let i = 0; i < TYPES; i++) pure.next(first, { type: `invented.${i}` })
  expect(heapBytes() - before).toBeLessThan(BYTES_MAX)
})

test('named types, wildcards and invented types have their transitions', () => {
  const pure = createPureMachine(machine())
  const [first] = pure.initial(undefined)
  const [closed] = pure.next(first, { type: 'close' })
  expect(closed).toMatchObject({ value: { left: 'closed' }, context: { seen: 'close' } })
  const [invented] = pure.next(closed, { type: 'close.door' })
  expect(invented).toMatchObject({ value: { left: 'closed' }, context: { seen: 'close.door' } })
})
