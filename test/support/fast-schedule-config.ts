import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../actors/definition/define-kind.ts'
import { createSchedule } from '../../actors/kinds/schedule/kind.ts'

const digest = defineKind({
  name: 'digest',
  version: 1,
  context: z.object({}),
  events: { 'digest.due': z.object({ for: z.string() }) },
  emits: {},
  tasks: {},
})

/** A schedule of each second, which takes a test no minutes, and a kind that takes its inputs. */
export default [
  createSchedule({ periodMsMin: 1_000 }),
  digest.with(setup(digest.xstate).createMachine({ context: {}, initial: 'open', states: { open: { on: { 'digest.due': {} } } } })),
]
