// What a model was told and said: a conversation, the last turns of it first in sight.

const LAST = 8;

function conversation(messages) {
  const list = make("ol", { class: "messages" });
  const earlier = messages.length - LAST;
  const late = messages.slice(Math.max(0, earlier));
  late.forEach((one) => list.append(messageItem(one)));
  if (earlier <= 0) return list;
  const more = button(`show ${counted(earlier, "earlier message")}`, () => {
    more.remove();
    list.prepend(...messages.slice(0, earlier).map(messageItem));
  }, { class: "more" });
  return make("div", {}, more, list);
}

function messageItem(message) {
  const role = message.get("role") || "(no role)";
  const head = make("p", { class: "role", text: line(role, 40) });
  if (message.get("name")) head.append(make("span", { class: "aside", text: ` ${line(message.get("name"), 60)}` }));
  const end = message.get("finish_reason");
  if (end && end !== "stop") head.append(make("span", { class: "aside", text: ` ends: ${line(end, 40)}` }));
  const known = ["system", "user", "assistant", "tool"].includes(role) ? role : "other";
  return make("li", { class: `message m-${known}` }, head,
    ...(message.get("parts") ?? []).map(partBlock));
}

function partBlock(part) {
  const type = part.get("type");
  if (type === "text" || type === "refusal") return textBlock(String(part.get("content") ?? ""));
  if (type === "reasoning") {
    return make("div", { class: "part" }, make("p", { class: "aside", text: "thinks" }),
      textBlock(String(part.get("content") ?? "")));
  }
  if (type === "tool_call") {
    return make("div", { class: "part" },
      make("p", { class: "calls" }, "calls ", make("code", { text: line(String(part.get("name")), 120) })),
      valueBlock(part.get("arguments") ?? null));
  }
  if (type === "tool_call_response") {
    return make("div", { class: "part" },
      make("p", { class: "aside", text: part.get("is_error") ? "the tool failed" : "the tool said" }),
      valueBlock(part.has("response") ? part.get("response") : part.get("result") ?? null));
  }
  return make("div", { class: "part" }, make("p", { class: "aside", text: line(String(type), 60) }),
    valueBlock(part));
}
