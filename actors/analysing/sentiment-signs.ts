/** Emoji and emoticons that show a feeling by themselves. */
export const POSITIVE_SIGNS = `
👍 ❤ 💕 💖 💗 💙 💚 💛 🧡 💜 🖤 🤍 💞 💓 💘 💝 💯 😀 😃 😄 😁 😆 😊 😍 🥰 😘 😗 😙 😚 😋 😎 🤩 🥳 🤗 😻 😸 😺 🙌 👏 💪 🎉 🎊 🏆 🥇 ✨ 🌟 🌈 🌸 🌹 💐 🔥 👌 🤞 🤟 🤘 🫶 🙏 😇 🤤 💃 🕺 🎂
🥂 🍻 ☀ 🌞 ♥ ❣ 😌 ☺ 💎 👑 :) :-) =) :] :d :-d =d ;) ;-) ;d :p :-p <3 ^_^ ^^ xd`
export const NEGATIVE_SIGNS = `
👎 💔 😠 😡 🤬 😤 😞 😔 😟 😕 🙁 ☹ 😣 😖 😫 😩 😢 😥 😰 😨 😱 😓 😒 🙄 😑 😐 🤢 🤮 🤧 🤒 🤕 😷 😿 😾 😵 🥴 🤡 💩 🖕 🤦 💀 ☠ ❌ 😪 😬 🥱 :( :-( =( :[ :'( :| :/ :-/ </3 t_t q_q >_<
-_- x_x orz qaq tat`
