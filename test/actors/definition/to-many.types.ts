import { setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from '../../../actors/definition/define-kind.ts'
import { toMany } from '../../../actors/definition/to-many.ts'
import { documentKind } from '../../support/template-config.ts'

/** Mistakes that tsc must refuse; `npm run types` is the test. */
const kind = defineKind({
  name: 'crier',
  version: 1,
  context: z.object({}),
  events: { cry: z.object({}) },
  emits: {},
  tasks: { tell: toMany({ kind: documentKind, type: 'template.changed' }) },
})

// @ts-expect-error: the kind takes no such event
toMany({ kind: documentKind, type: 'template.gone' })
// @ts-expect-error: a bound is a number
toMany({ kind: documentKind, type: 'template.changed', recipientsMax: 'all' })

const machine = setup(kind.xstate)
machine.createMachine({
  context: {},
  invoke: { src: 'tell', input: { where: { state: 'open', context: { template: ['t1', 't2'], pages: 1 } }, data: { version: 2 } } },
})
machine.createMachine({ context: {}, invoke: { src: 'tell', input: { data: { version: 2 } } } })
// @ts-expect-error: the event has other data
machine.createMachine({ context: {}, invoke: { src: 'tell', input: { data: { version: 'new' } } } })
// @ts-expect-error: a fact is no object
machine.createMachine({ context: {}, invoke: { src: 'tell', input: { where: { label: { template: {} } }, data: { version: 2 } } } })
