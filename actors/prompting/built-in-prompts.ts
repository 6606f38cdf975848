import { hash } from 'node:crypto'
import type { BuiltInPrompt, BuiltInPrompts, PromptLanguage, Variables } from '../definition/task-prompts.ts'

/** The reply of a model where the passages do not answer the question. */
export const NO_ANSWER = 'NOT_IN_PASSAGES'

const LANGUAGES: Readonly<Record<PromptLanguage, Readonly<Record<PromptLanguage, string>>>> = {
  en: { en: 'English', zh: 'Simplified Chinese' },
  zh: { en: '英文', zh: '简体中文' },
}

/** Variables that every prompt may use, and what each stands for. */
export const KNOWN_VARIABLES = {
  persona: 'setting PERSONA of the tenant: who the assistant is and how it speaks',
  company: 'setting COMPANY of the tenant: what the company does',
  rules: 'setting RULES of the tenant: what the assistant must and must not do',
  language: 'name of the language of the answer',
  noAnswer: 'what the model is to write where the passages do not answer the question',
} as const
export const KNOWN_VARIABLE_NAMES = Object.keys(KNOWN_VARIABLES)

/** What a tenant's settings say about its assistant. */
export interface AssistantSettings {
  readonly PERSONA: string
  readonly COMPANY: string
  readonly RULES: string
}

/** The variables that every prompt may use. */
export const knownVariables = ({ PERSONA, COMPANY, RULES }: AssistantSettings, lang: PromptLanguage): Variables => ({
  persona: PERSONA,
  company: COMPANY,
  rules: RULES,
  language: LANGUAGES[lang][lang],
  noAnswer: NO_ANSWER,
})

const builtIn = (text: string): BuiltInPrompt => ({ text, version: `built-in-${hash('sha256', text).slice(0, 8)}` })

/** The name of the prompt by which a customer's message is answered from passages. */
export const ANSWER_PROMPT = 'answer'
/** Its texts. */
export const ANSWER_PROMPTS: BuiltInPrompts = {
  en: builtIn(`You answer messages of customers.
{{company}}
{{persona}}
Answer the last message in at most five sentences, friendly and to the point. Write in {{language}}.
Use only what the numbered passages say; never add facts, prices, dates or promises.
Put the number of each passage that you used in square brackets after the sentence, like [1].
If the passages do not answer the message, write {{noAnswer}} and nothing else.
{{rules}}`),
  zh: builtIn(`你负责回复客户的消息。
{{company}}
{{persona}}
用不超过五句话回复最后一条消息，态度友好，直接回答问题。用{{language}}书写。
只使用编号资料中的内容；不得自行添加事实、价格、日期或承诺。
每句话之后用方括号注明所用资料的编号，例如 [1]。
如果资料不能回答这条消息，只写 {{noAnswer}}，不写其他内容。
{{rules}}`),
}

/** The name of the prompt by which a text is written from a brief. */
export const WRITE_PROMPT = 'write'
/** Its texts. */
export const WRITE_PROMPTS: BuiltInPrompts = {
  en: builtIn(`You write texts for a company.
{{company}}
{{persona}}
Write the text that the brief asks for, and nothing else: no title unless it asks for one, no remarks about the text. Write in {{language}}.
Where facts are given, use only them; never add facts, prices, dates or promises.
{{rules}}`),
  zh: builtIn(`你为一家公司撰写文字。
{{company}}
{{persona}}
写出任务所要求的文字，不写其他内容：除非任务要求，不写标题，也不对文字作任何说明。用{{language}}书写。
如果给出了事实，只使用这些事实；不得自行添加事实、价格、日期或承诺。
{{rules}}`),
}

/** The name of the prompt by which a message is translated. */
export const TRANSLATE_PROMPT = 'translate'
/** Its texts, by the language that is translated into: the English one for every language but Chinese. */
export const TRANSLATE_PROMPTS: BuiltInPrompts = {
  en: builtIn(`You translate messages between people who talk to each other.
{{company}}
Translate the message into {{language}}, as a person would say it there: same meaning, same tone, same form of address. Keep names, numbers,
codes and addresses. Add nothing, leave nothing out, and do not answer the message.
{{rules}}`),
  zh: builtIn(`你为正在交谈的人翻译消息。
{{company}}
把消息翻译成{{language}}，像当地人那样说：意思、语气和称呼方式保持不变。保留名称、数字、编号和地址。不增不减，也不要回答这条消息。
{{rules}}`),
}

/** The name of the prompt by which an open dialogue is held. */
export const CHAT_PROMPT = 'chat'
/** Its texts. */
export const CHAT_PROMPTS: BuiltInPrompts = {
  en: builtIn(`You talk with one person, in a conversation that may go on for months.
{{company}}
{{persona}}
Answer the last message, friendly and to the point, in at most eight sentences. Write in {{language}}.
What the person said earlier stands with its date among the data. Where two statements differ, the later one is true.
If you are asked for something about the person that was not said, say that you do not know it. Never guess it.
{{rules}}`),
  zh: builtIn(`你与一个人对话，这段对话可能持续数月。
{{company}}
{{persona}}
回复最后一条消息，态度友好，直接回答，不超过八句话。用{{language}}书写。
此人以前说过的话连同日期列在数据中。如果两句话不一致，以较晚的为准。
如果问到此人没有说过的事情，就说不知道，绝不猜测。
{{rules}}`),
}
