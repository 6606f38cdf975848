import { expect, test } from 'vitest'
import type { ClusterView } from '../../../pipeline/cluster/membership.ts'
import { chooseRecordForm } from '../../../pipeline/cluster/record-form-choice.ts'
import { silent } from '../../support/test-system.ts'

const SETTLE_MS = 100
const VIEW: ClusterView = { members: [], leases: new Map(), recordForm: 2 }

/** A cluster whose oldest member reads `reads`, and whose LOG may have records. */
function cluster({ reads, isLogEmpty = false, isMarked = false }: { reads: number; isLogEmpty?: boolean; isMarked?: boolean }) {
  const listeners: ((view: ClusterView) => Promise<void>)[] = []
  const state = { reads, isMarked, fails: false }
  const form = chooseRecordForm({
    membership: { recordForm: () => state.reads, onView: (listener) => void listeners.push(listener) },
    async refuseOlder() {
      if (state.fails) throw new Error('the bucket does not answer')
      const wasMarked = state.isMarked
      state.isMarked = true
      return wasMarked
    },
    isLogEmpty: async () => isLogEmpty,
    settleMs: SETTLE_MS,
    log: silent,
  })
  return { form, state, nextView: () => Promise.all(listeners.map((listener) => listener(VIEW))) }
}

test.each([
  ['in a new cluster', { reads: 2, isLogEmpty: true }],
  ['in a cluster that refuses older processes already', { reads: 2, isMarked: true }],
])('form 2 is written at once %s', async (_, options) => {
  const { form, state } = cluster(options)
  await form.ready()
  expect(form.current()).toBe(2)
  expect(state.isMarked).toBe(true)
})

test('beside a LOG of earlier releases, older processes are refused first, and those that are starting get time to join', async () => {
  const { form, state } = cluster({ reads: 2 })
  await form.ready()
  expect(state.isMarked).toBe(true)
  expect(form.current()).toBe(1)
  await expect.poll(() => form.current()).toBe(2)
})

test('form 1 is written as long as one member reads nothing newer', async () => {
  const { form, state, nextView } = cluster({ reads: 1, isLogEmpty: true })
  await form.ready()
  expect(form.current()).toBe(1)
  expect(state.isMarked).toBe(false)
  state.reads = 2
  await nextView()
  expect(form.current()).toBe(2)
  state.reads = 1
  expect(form.current()).toBe(1)
})

test('form 1 is written until older processes are refused, which each view tries again', async () => {
  const { form, state, nextView } = cluster({ reads: 1, isLogEmpty: true })
  await form.ready()
  state.reads = 2
  state.fails = true
  await nextView()
  expect(form.current()).toBe(1)
  state.fails = false
  await nextView()
  expect(form.current()).toBe(2)
})
