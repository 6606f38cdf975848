import { isDeepStrictEqual } from 'node:util'
import {
  approvalDeclined,
  approvalGiven,
  documentApproved,
  documentChanged,
  documentDeclined,
  documentFailed,
  documentRendered,
  documentRetried,
  documentSet,
  templateGiven,
} from '../../../schemas/document-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import { approvalProblem, changeProblem, contextSchema, newestOf } from './document-context.ts'
import { type MakeDocument, renderTask } from './render-task.ts'

/** The kind without its machine. */
export const defineDocument = (make: MakeDocument, name: string, templateKind: string) =>
  defineKind({
    name,
    version: 1,
    context: contextSchema,
    events: {
      'document.set': documentSet,
      'document.changed': documentChanged,
      'document.retried': documentRetried,
      'template.given': templateGiven,
      'approval.given': approvalGiven,
      'approval.declined': approvalDeclined,
    },
    sentBy: { 'template.given': [templateKind] },
    emits: {
      'document.rendered': documentRendered,
      'document.failed': documentFailed,
      'document.approved': documentApproved,
      'document.declined': documentDeclined,
    },
    tasks: { render: renderTask(make) },
    label: (context) => ({
      template: context.settings?.template ?? null,
      template_version: context.template?.version ?? 0,
      version: newestOf(context)?.version ?? 0,
      approved: context.approved,
    }),
    refuse: (context, input) => {
      if (input.type === 'document.changed') return changeProblem(context, input.data.data)
      if (input.type === 'approval.given' || input.type === 'approval.declined') return approvalProblem(context, input.data.version)
      return undefined
    },
  })

/** Whether what was set differs from what is there. */
export const differs = (one: unknown, other: unknown): boolean => !isDeepStrictEqual(one, other)
