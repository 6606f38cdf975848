import type { IntentExample } from '../../pipeline/understanding/intents/bad-examples.ts'

const TAUGHT: Readonly<Record<string, readonly string[]>> = {
  human: [
    '转人工',
    '我要人工客服',
    '请帮我转接人工服务',
    '能不能找个真人跟我说',
    '人工客服在哪里',
    '我不想和机器人说话，要人工',
    'I want to talk to a human',
    'connect me to an agent please',
    'can I speak with a real person',
    'get me a human agent now',
  ],
  continue: [
    '继续',
    '接着说',
    '继续刚才的话题',
    '我们回到上面的问题',
    '接着上面的说下去',
    '继续讲',
    'please go on',
    'continue with what you said above',
    'carry on with the topic',
    'go back to the last point',
  ],
  product: [
    '这个产品的规格是什么',
    '我想了解产品参数',
    '查询一下产品尺寸',
    '产品有哪些型号',
    '我要查产品的规格参数',
    '这款产品支持什么功能',
    'what are the specs of this product',
    'tell me the product dimensions',
    'which models of the product do you have',
    'product features and specification please',
  ],
  knowledge: [
    '什么是机器学习',
    '什么是云计算？',
    '人工智能是什么意思',
    '解释一下人工神经网络',
    '什么是区块链？',
    '大数据是什么',
    'what is machine learning',
    'explain cloud computing to me',
    'what does artificial intelligence mean',
    'what is a neural network',
  ],
  refund: [
    '我要退款',
    '怎么申请退货',
    '钱什么时候退回来',
    '请把钱退给我',
    '退款需要几天到账',
    '我想退掉这个订单',
    'I want my money back',
    'how do I get a refund',
    'when will the refund arrive',
    'please cancel the order and refund me',
  ],
}

/** Five intents in Chinese and English, ten examples each. */
export const taughtExamples: readonly IntentExample[] = Object.entries(TAUGHT).flatMap(([intent, texts]) =>
  texts.map((text) => ({ text, intents: [intent] })),
)
