import { z } from 'zod'

/** What a message of a user does in a conversation: its dialogue act. Exactly one for each message. */
export const ACTS = [
  'new_topic',
  'continuation',
  'clarification',
  'correction',
  'cancel',
  'confirm',
  'deny',
  'chitchat',
  'feedback',
  'handoff',
  'out_of_scope',
] as const
export const actSchema = z.enum(ACTS)
export type Act = z.infer<typeof actSchema>

/** The definitions by which messages are labelled. If two fit, the one further down this list is not taken unless it says so. */
export const ACT_MEANINGS: Readonly<Record<Act, string>> = {
  new_topic: 'Asks, requests or reports something that the turns before were not about. A first question is one, also "how do I cancel …".',
  continuation: 'Stays with the matter at hand: a further question about it, a detail that was asked for, "and in Japan?", "go on".',
  clarification: 'Asks what was meant or said, or says more exactly what the user means, without calling anything wrong.',
  correction: 'Says that something said before is wrong, by the user or by the assistant, mostly with what is right instead.',
  cancel: 'Gives up what is under way: a request, an action of the assistant, or the question itself.',
  confirm: 'Says yes: answers a question, agrees with a statement, accepts an offer or lets an action happen.',
  deny: 'Says no: answers a question, refuses an offer, or does not let an action happen now. No other value replaces the denied one.',
  chitchat: 'Greets, thanks, parts, jokes, acknowledges, or talks about the assistant itself. Nothing is asked of the service.',
  feedback: 'Judges the service, the answer or the product: praise, complaint, stars, a suggestion. Thanks alone are chitchat.',
  handoff: 'Wants a person: now, by phone or by a call back. A question about persons ("when do your agents work?") is none.',
  out_of_scope: 'Asks what no service is there for: weather, sports, politics, recipes, poems, private life, homework, or is no language.',
}
