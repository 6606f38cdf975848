/**
 * @typedef {object} Words
 * @property {string} lang
 * @property {string} open
 * @property {string} title
 * @property {string} close
 * @property {string} again
 * @property {string} log
 * @property {string} write
 * @property {string} send
 * @property {string} you
 * @property {string} machine
 * @property {string} agent
 * @property {string} writes
 * @property {string} sources
 * @property {string} good
 * @property {string} bad
 * @property {string} submit
 * @property {string} choose
 * @property {string} done
 * @property {string} waits
 * @property {string} connecting
 * @property {string} offline
 * @property {string} off
 * @property {(seconds: number) => string} busy
 * @property {(max: number, length: number) => string} tooLong
 * @property {(why: string) => string} failed
 */

/** @type {Words} */
const EN = {
  lang: 'en',
  open: 'Chat',
  title: 'Chat with us',
  close: 'Close',
  again: 'Could not open. Try again',
  log: 'Conversation',
  write: 'Your message',
  send: 'Send',
  you: 'You',
  machine: 'Assistant',
  agent: 'Support',
  writes: 'is writing…',
  sources: 'Sources',
  good: 'Helpful',
  bad: 'Not helpful',
  submit: 'Submit',
  choose: 'Please choose',
  done: 'Submitted',
  waits: 'not sent yet',
  connecting: 'Connecting again…',
  offline: 'You are offline. What you write is sent later.',
  off: 'The chat is not available here.',
  busy: (seconds) => `Too many messages. It goes on in ${seconds} s.`,
  tooLong: (max, length) => `A message has at most ${max} characters; this one has ${length}.`,
  failed: (why) => `Not sent: ${why}`,
}

/** @type {Words} */
const ZH = {
  lang: 'zh',
  open: '在线咨询',
  title: '在线咨询',
  close: '关闭',
  again: '无法打开，请重试',
  log: '对话',
  write: '输入消息',
  send: '发送',
  you: '您',
  machine: '智能助手',
  agent: '人工客服',
  writes: '正在输入…',
  sources: '来源',
  good: '有帮助',
  bad: '没有帮助',
  submit: '提交',
  choose: '请选择',
  done: '已提交',
  waits: '尚未发送',
  connecting: '正在重新连接…',
  offline: '您已离线。消息会在恢复连接后发送。',
  off: '此处暂不提供在线咨询。',
  busy: (seconds) => `消息过于频繁，${seconds} 秒后继续。`,
  tooLong: (max, length) => `每条消息最多 ${max} 个字符，当前为 ${length} 个。`,
  failed: (why) => `未发送：${why}`,
}

/** The words for a language by its BCP 47 tag: Chinese, or else English. @param {string} language */
export const wordsOf = (language) => (/^zh\b/i.test(language) ? ZH : EN)
