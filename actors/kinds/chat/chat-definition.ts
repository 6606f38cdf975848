import { defineKind } from '../../definition/define-kind.ts'
import { chatContext, labelOf } from './chat-context.ts'
import { chatEmits, chatEvents } from './chat-events.ts'
import type { ChatForms } from './forms.ts'
import { replyTask } from './reply-task.ts'
import { summarizeTask } from './summarize-task.ts'
import { type ChatTools, toolTask } from './tools.ts'

/** The kind `chat` without its machine. */
export const defineChat = (name: string, tools: ChatTools, forms: ChatForms) =>
  defineKind({
    name,
    version: 1,
    context: chatContext,
    events: chatEvents,
    emits: chatEmits,
    tasks: { reply: replyTask(tools, forms), tool: toolTask(tools), summarize: summarizeTask },
    label: labelOf,
    refuse: (_, input) =>
      input.type === 'form.wanted' && !Object.hasOwn(forms, input.data.form)
        ? `there is no form ${JSON.stringify(input.data.form)}; there are: ${Object.keys(forms).join(', ') || 'none'}`
        : undefined,
  })
