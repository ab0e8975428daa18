/* The Phone: asks for messages, shows them, and does what the client would do. */
"use strict";

const config = JSON.parse(document.getElementById("config").textContent);
const t = config.texts;
const $ = (id) => document.getElementById(id);
const BASE_TABS = ["telegram", "whatsapp", "max", "sms", "email", "push"];
const RARE_TABS = ["vk", "instagram", "work"];
const WHOLE_PHONE = ["no_network", "slow"];
const ONE_APP = ["not_registered", "blocked", "window_closed"];
const WINDOWED = ["telegram", "whatsapp", "max", "vk", "instagram"];
const CHATS = WINDOWED; // may be opened by a link before the client has an address there
const OVERLAP_MS = 3500; // the server repeats what came in the last 3 s
const time = new Intl.DateTimeFormat(t.language, { hour: "2-digit", minute: "2-digit" });
const date = new Intl.DateTimeFormat(t.language, { day: "numeric", month: "long" });
const weekday = new Intl.DateTimeFormat(t.language, { weekday: "long", day: "numeric", month: "long" });

const state = {
  salon: "", clients: [], known: new Map(), messages: new Map(), client: "", tab: "", isLoaded: false,
};

/* --- Talking to the platform ------------------------------------------------------------- */

function url(path, params = {}) {
  const query = new URLSearchParams(params);
  if (config.query) query.set(config.query, "");
  return `${config.base}${path}?${query}`;
}

async function ask(path, params) {
  const answer = await fetch(url(path, params), { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

async function tell(path, body) {
  const answer = await fetch(url(path), {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": token() },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(await reason(answer));
  return answer.json();
}

function token() {
  return document.querySelector("meta[name=csrf]").content;
}

async function reason(answer) {
  try {
    return (await answer.json()).error || t.failed;
  } catch {
    return t.failed;
  }
}

/* A deep link of a salon on the Phone: ?tab=telegram&start=<token>. */
function readLink() {
  const query = new URLSearchParams(location.search);
  const [tab, start] = [query.get("tab") || "", query.get("start") || ""];
  return CHATS.includes(tab) && start ? { tab, start } : null;
}

function forgetLink() {
  $("notice").hidden = true;
  invitation = null;
  const query = new URLSearchParams(location.search);
  query.delete("tab");
  query.delete("start");
  history.replaceState(null, "", `${location.pathname}?${query}`);
}

let invitation = readLink();
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));

async function listen() {
  for (let failures = 0; ; ) {
    try {
      const { messages, waited } = await ask("messages", cursor());
      take(messages);
      failures = 0;
      linked(true);
      if (document.hidden) await sleep(2000);
      else if (!waited && !messages.length) await sleep(700);
      else if (messages.length) await sleep(50);
    } catch {
      failures += 1;
      linked(false);
      await sleep(Math.min(1000 * failures, 8000));
    }
  }
}

function cursor() {
  const ids = [...state.messages.keys()].sort();
  const last = ids.at(-1);
  if (!last) return state.isLoaded ? { after: "00000000-0000-7000-8000-000000000000" } : {};
  const edge = moment(last) - OVERLAP_MS;
  return { after: last, seen: ids.filter((id) => moment(id) > edge).slice(-50).join(",") };
}

function moment(id) {
  return parseInt(id.replaceAll("-", "").slice(0, 12), 16);
}

function take(messages) {
  state.isLoaded = true;
  const fresh = messages.filter((message) => !state.messages.has(message.id));
  if (!fresh.length) return;
  for (const message of fresh) state.messages.set(message.id, message);
  const people = [...state.known.values()];
  const isKnown = (message) => people.some((client) => owns(client, message));
  if (fresh.some((message) => !isKnown(message))) loadClients();
  showClients();
  if (follow(fresh.at(-1))) return showApp();
  showTabs();
  for (const message of fresh) if (isOpen(message)) showMessage(message).classList.add("is-new");
  readSoon();
}

/* An app that shows nothing gives way to the one in which something has arrived. */
function follow(message) {
  if (state.isTabChosen || !current() || !owns(current(), message)) return false;
  if (message.tab === state.tab || document.querySelector("#feed .msg")) return false;
  state.tab = message.tab;
  return true;
}

async function loadClients() {
  const found = await ask("clients", { q: $("search").value.trim() });
  state.clients = found.clients;
  for (const client of found.clients) state.known.set(client.id, client);
  state.salon = found.salon;
  $("salon").textContent = found.salon;
  showClients();
  const isWide = matchMedia("(min-width: 721px)").matches;
  if (!state.client && isWide && state.clients.length) return choose(busiest().id, false);
  showTabs();
  if (!$("switches").contains(document.activeElement)) showSwitches();
}

function busiest() {
  const last = (client) => of(client).at(-1)?.id || "";
  return state.clients.reduce((best, client) => (last(client) > last(best) ? client : best));
}

function linked(isLinked) {
  $("link").classList.toggle("is-lost", !isLinked);
  const words = isLinked ? t.live : t.lost;
  if ($("link-words").textContent !== words) $("link-words").textContent = words;
}

function notice(words) {
  $("notice").textContent = words;
  $("notice").hidden = false;
  clearTimeout(notice.timer);
  notice.timer = setTimeout(() => ($("notice").hidden = true), 5000);
}

/* --- What belongs to whom ---------------------------------------------------------------- */

const current = () => state.known.get(state.client); // also when the search hides her
const owns = (client, message) => (client.tabs[message.tab] || []).includes(message.address);
const tabsOf = (client) => [...BASE_TABS, ...RARE_TABS].filter((tab) => client.tabs[tab]);
const of = (client) => sorted().filter((message) => owns(client, message));
const isUnread = (message) => message.from === "salon" && !message.is_read;
const isOpen = (message) => current() && message.tab === state.tab && owns(current(), message);

function sorted() {
  return [...state.messages.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

function hasFault(client, tab, fault) {
  const channel = WHOLE_PHONE.includes(fault) ? "" : tab;
  return client.switches.some(([where, what]) => where === channel && what === fault);
}

/* --- Drawing ----------------------------------------------------------------------------- */

function make(name, className = "", text = "") {
  const element = document.createElement(name);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
}

function badge(count) {
  const mark = make("span", "badge");
  mark.append(make("span", "", String(count)), make("span", "sr", ` ${t.unread}`));
  return mark;
}

function avatar(name, seed) {
  const words = name.replace(/[^\p{L}\p{N} ]/gu, "").split(" ").filter(Boolean);
  const letters = words.slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
  const hue = [...seed].reduce((sum, letter) => sum + letter.codePointAt(0), 0) % 5;
  const face = make("span", `avatar h${hue + 1}`, letters || "•");
  face.setAttribute("aria-hidden", "true");
  return face;
}

function showClients() {
  const focused = document.activeElement?.dataset?.client;
  const rows = state.clients.map((client) => {
    const messages = of(client);
    const last = messages.at(-1);
    const button = make("button", "client");
    button.type = "button";
    button.dataset.client = client.id;
    button.setAttribute("aria-current", String(client.id === state.client));
    const words = make("span", "client-words");
    const name = make("span", "client-name");
    name.append(make("span", "", client.name));
    if (client.language) name.append(make("span", "tag", client.language));
    if (client.mode === "test") name.append(make("span", "tag", t.test));
    words.append(name, make("span", "client-last", preview(last) || tabsOf(client).map((tab) => t[tab]).join(" · ")));
    button.append(avatar(client.name, client.id), words);
    const unread = messages.filter(isUnread).length;
    if (unread) button.append(badge(unread));
    button.addEventListener("click", () => choose(client.id, true));
    const row = make("li");
    row.append(button);
    return row;
  });
  $("clients").replaceChildren(...rows);
  $("no-clients").hidden = rows.length > 0 || !state.isLoaded;
  $("no-clients").textContent = $("search").value.trim() ? t.nobody : t.no_clients;
  if (focused) document.querySelector(`[data-client="${CSS.escape(focused)}"]`)?.focus();
}

function preview(message) {
  return message ? (message.title || message.body).replace(/\s+/g, " ").slice(0, 80) : "";
}

function choose(id, isByHand) {
  state.client = id;
  const client = current();
  const last = of(client).at(-1);
  state.tab = (mayOpen(client, invitation?.tab) && invitation.tab) || last?.tab || tabsOf(client)[0] || "";
  state.isTabChosen = invitation?.tab === state.tab; // nothing that comes in leads away from the link
  if (isByHand) {
    document.body.dataset.view = "phone";
    if (!matchMedia("(min-width: 721px)").matches) scrollTo(0, 0);
  }
  showClients();
  showApp();
}

function showTabs() {
  const client = current();
  const tabs = [...BASE_TABS, ...RARE_TABS.filter((tab) => client?.tabs[tab] || invitation?.tab === tab)];
  const messages = client ? of(client) : [];
  const focused = document.activeElement?.dataset?.tab;
  const buttons = tabs.map((tab) => {
    const has = Boolean(client?.tabs[tab]) || mayOpen(client, tab);
    const button = make("button", "tab", t[tab]);
    button.type = "button";
    button.dataset.tab = tab;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", "app");
    button.setAttribute("aria-selected", String(tab === state.tab));
    button.setAttribute("aria-disabled", String(!has));
    button.tabIndex = tab === state.tab || (!state.tab && tab === tabs[0]) ? 0 : -1;
    if (!has) button.title = t.no_address;
    const isFaulty = client && [...WHOLE_PHONE, ...ONE_APP].some((fault) => hasFault(client, tab, fault));
    button.classList.toggle("is-faulty", Boolean(has && isFaulty));
    const unread = messages.filter((message) => message.tab === tab && isUnread(message)).length;
    if (unread) button.append(badge(unread));
    if (has) button.addEventListener("click", () => open(tab));
    return button;
  });
  $("tabs").replaceChildren(...buttons);
  if (focused) buttons.find((button) => button.dataset.tab === focused)?.focus();
}

function open(tab) {
  state.tab = tab;
  state.isTabChosen = true;
  showApp();
}

function showApp() {
  const client = current();
  $("phone").dataset.tab = state.tab;
  showTabs();
  showSwitches();
  const letter = [...(state.salon || "K")][0].toUpperCase();
  $("salon-avatar").textContent = letter;
  $("app-name").textContent = state.salon;
  const addresses = state.tab === "push" ? [] : client?.tabs[state.tab] || [];
  $("app-address").textContent = client ? [client.name, ...addresses].join(" · ") : "";
  const messages = client ? of(client).filter((message) => message.tab === state.tab) : [];
  $("feed").setAttribute("aria-live", "off"); // old messages are not news
  $("feed").replaceChildren();
  if (state.tab === "push") $("feed").append(lockClock());
  const isStrange = mayOpen(client, state.tab) && !client.tabs[state.tab];
  if (!messages.length && !isStrange) $("feed").append(nothing(client));
  for (const message of messages) showMessage(message);
  if (isStrange || (invitation?.tab === state.tab && client)) $("feed").append(opener(client, isStrange));
  const last = $("feed").lastElementChild;
  const isLetter = state.tab === "email" && last.classList.contains("msg");
  $("feed").scrollTop = isLetter ? last.offsetTop - $("feed").offsetTop - 12 : $("feed").scrollHeight;
  setTimeout(() => $("feed").setAttribute("aria-live", "polite"), 100);
  for (const field of $("reply").elements) field.disabled = !client || !state.tab || isStrange || !config.may_touch;
  readSoon();
}

function nothing(client) {
  const box = make("div", "void");
  const icon = make("span", "sleep", client ? "☕" : "🔔");
  icon.setAttribute("aria-hidden", "true");
  box.append(icon, make("b", "", client ? t.empty : t.choose), make("span", "", t.empty_hint));
  return box;
}

function mayOpen(client, tab) {
  return Boolean(client) && !client.id.includes(":") && CHATS.includes(tab);
}

function opener(client, isStrange) {
  const box = make("div", "void opener");
  if (isStrange) box.append(make("b", "", t.no_address), make("span", "", t.open_hint));
  const button = make("button", "start", invitation?.tab === state.tab ? t.open_link : t.open_chat);
  button.type = "button";
  button.disabled = !config.may_touch;
  button.addEventListener("click", () => openChat(client.id, state.tab, button));
  box.append(button);
  return box;
}

function lockClock() {
  const clock = make("p", "lock-clock");
  clock.append(make("small", "", weekday.format(new Date())), time.format(new Date()));
  return clock;
}

function showMessage(message) {
  const feed = $("feed");
  feed.querySelector(".void")?.remove();
  const isAtEnd = feed.scrollHeight - feed.scrollTop - feed.clientHeight < 120;
  const day = dayOf(message);
  if (feed.dataset.day !== day || !feed.querySelector(".day")) feed.append(make("span", "day", day));
  feed.dataset.day = day;
  const box = draw(message);
  feed.append(box);
  if (isAtEnd || message.from === "client") feed.scrollTop = feed.scrollHeight;
  return box;
}

function dayOf(message) {
  const day = new Date(message.at);
  const ago = Math.round((new Date().setHours(0, 0, 0, 0) - new Date(day).setHours(0, 0, 0, 0)) / 864e5);
  return ago === 0 ? t.today : ago === 1 ? t.yesterday : date.format(day);
}

function draw(message) {
  const kind = { client: " is-mine", answer: " is-answer" }[message.from] || "";
  const box = make("article", `msg${kind}`);
  box.dataset.message = message.id;
  const bubble = make("div", "bubble");
  if (message.image_url) bubble.append(picture(message.image_url));
  if (message.from === "answer") bubble.append(make("b", "", `${t.answer}: `));
  if (message.title) bubble.append(make("h3", "", message.title));
  if (message.is_letter) bubble.append(letterFrame(message));
  else bubble.append(linkified(message.body));
  bubble.append(meta(message));
  box.append(bubble);
  if (message.buttons.length) box.append(buttonsOf(message));
  return box;
}

function picture(address) {
  const image = make("img");
  image.src = address;
  image.alt = "";
  image.loading = "lazy";
  image.referrerPolicy = "no-referrer";
  return image;
}

function letterFrame(message) {
  const frame = make("iframe", "letter");
  frame.title = `${t.letter}: ${message.title}`;
  frame.src = url(`letter/${message.id}`);
  return frame;
}

function linkified(text) {
  const box = make("div", "text");
  for (const part of text.split(/(https?:\/\/[^\s<>"']*[^\s<>"'.,;:!?)\]])/)) {
    if (/^https?:\/\//.test(part)) box.append(link(part, part));
    else box.append(part);
  }
  return box;
}

function link(address, text) {
  const anchor = make("a", "", text);
  anchor.href = address;
  anchor.target = "_blank";
  anchor.rel = "noopener noreferrer";
  anchor.title = t.opens;
  return anchor;
}

function meta(message) {
  const line = make("div", "meta");
  line.append(make("time", "", time.format(new Date(message.at))));
  if (message.from === "salon") {
    const ticks = make("span", "ticks", "✓✓");
    ticks.setAttribute("role", "img");
    line.append(ticks);
    paintTicks(ticks, message);
  }
  return line;
}

function paintTicks(ticks, message) {
  ticks.classList.toggle("is-read", message.is_read);
  ticks.title = message.is_read ? t.read : t.delivered;
  ticks.setAttribute("aria-label", ticks.title);
}

function buttonsOf(message) {
  const box = make("div", "buttons");
  message.buttons.forEach((button, index) => {
    const isLink = /^https?:\/\//.test(button.url || "");
    const element = isLink ? link(button.url, button.text) : make("button", "", button.text);
    const mark = (button.action || button.text).slice(0, 64);
    element.classList.toggle("is-pressed", message.pressed === mark);
    if (!isLink) element.type = "button";
    if (!isLink && !config.may_touch) element.disabled = true;
    element.addEventListener("click", () => press(message, index, mark, element));
    box.append(element);
  });
  return box;
}

/* --- What the client does ---------------------------------------------------------------- */

async function press(message, index, mark, element) {
  if (!config.may_touch) return;
  const isButton = element.tagName === "BUTTON";
  if (isButton) element.disabled = true;
  try {
    await tell("press", { id: message.id, button: index });
    message.pressed = mark;
    for (const other of element.parentElement.children) {
      other.classList.toggle("is-pressed", other === element);
    }
  } catch (error) {
    notice(error.message);
  } finally {
    if (isButton) element.disabled = false;
  }
}

/* The platform needs a moment to learn whose chat it is: until then it is a stranger's. */
async function openChat(id, tab, button) {
  const start = invitation?.tab === tab ? invitation.start : "";
  button.disabled = true;
  try {
    await tell("open", { client: id, tab, start });
    if (start) forgetLink();
    for (let tries = 0; tries < 8 && !state.known.get(id).tabs[tab]; tries += 1) {
      await sleep(700);
      await loadClients();
    }
  } catch (error) {
    notice(error.message);
  }
  showApp();
}

async function reply(event) {
  event.preventDefault();
  const text = $("reply-text").value.trim();
  if (!text || !current()) return;
  const address = lastAddress();
  $("reply-text").value = "";
  try {
    await tell("reply", { tab: state.tab, address, text });
  } catch (error) {
    $("reply-text").value = text;
    notice(error.message);
  }
}

function lastAddress() {
  const messages = of(current()).filter((message) => message.tab === state.tab);
  return messages.at(-1)?.address || current().tabs[state.tab][0];
}

function readSoon() {
  clearTimeout(readSoon.timer);
  readSoon.timer = setTimeout(markRead, 900);
}

async function markRead() {
  const isSeen = matchMedia("(min-width: 721px)").matches || document.body.dataset.view === "phone";
  if (document.hidden || !config.may_touch || !isSeen) return;
  const unread = sorted().filter((message) => isOpen(message) && isUnread(message));
  if (!unread.length) return;
  try {
    await tell("read", { ids: unread.map((message) => message.id) });
  } catch {
    return;
  }
  for (const message of unread) {
    message.is_read = true;
    const ticks = document.querySelector(`[data-message="${message.id}"] .ticks`);
    if (ticks) paintTicks(ticks, message);
  }
  showClients();
  showTabs();
}

/* --- Switches ---------------------------------------------------------------------------- */

function showSwitches() {
  const client = current();
  const isStranger = !client || client.id.includes(":");
  const groups = [group(t.on_phone, WHOLE_PHONE, client, isStranger)];
  if (state.tab) {
    const faults = ONE_APP.filter((fault) => fault !== "window_closed" || WINDOWED.includes(state.tab));
    groups.push(group(`${t.in_app}: ${t[state.tab]}`, faults, client, isStranger));
  }
  if (client && isStranger) groups.push(make("p", "quiet", t.for_strangers));
  const focused = document.activeElement?.dataset?.fault;
  $("switches").replaceChildren(...groups);
  if (focused) document.querySelector(`[data-fault="${focused}"]`)?.focus();
}

function group(title, faults, client, isStranger) {
  const box = make("div", "fault-group");
  box.append(make("h3", "", title));
  for (const fault of faults) {
    const isOn = Boolean(client && hasFault(client, state.tab, fault));
    const button = make("button", "fault");
    button.type = "button";
    button.dataset.fault = fault;
    button.disabled = isStranger || !config.may_touch;
    button.setAttribute("role", "switch");
    button.setAttribute("aria-checked", String(isOn));
    const knob = make("span", "knob");
    knob.setAttribute("aria-hidden", "true");
    button.append(make("b", "", t[fault]), make("small", "", t[`${fault}_hint`]), knob);
    button.addEventListener("click", () => flip(client.id, fault, !isOn));
    box.append(button);
  }
  return box;
}

async function flip(id, fault, on) {
  const tab = WHOLE_PHONE.includes(fault) ? "" : state.tab;
  try {
    await tell("switch", { client: id, tab, fault, on });
    const client = state.known.get(id); // read anew: the list may have come again meanwhile
    client.switches = client.switches.filter(([where, what]) => where !== tab || what !== fault);
    if (on) client.switches.push([tab, fault]);
  } catch (error) {
    notice(error.message);
  }
  showSwitches();
  showTabs();
}

/* --- Keys, clock, start ------------------------------------------------------------------ */

$("tabs").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const tabs = [...$("tabs").querySelectorAll("[aria-disabled=false]")];
  const at = tabs.indexOf(document.activeElement);
  const next = tabs[(at + step + tabs.length) % tabs.length];
  if (!next) return;
  open(next.dataset.tab);
  document.querySelector(`.tab[data-tab="${next.dataset.tab}"]`).focus();
});
$("back").addEventListener("click", () => {
  document.body.dataset.view = "list";
});
$("reply").addEventListener("submit", reply);
$("search").addEventListener("input", () => {
  clearTimeout(loadClients.timer);
  loadClients.timer = setTimeout(() => loadClients().catch((error) => notice(error.message)), 250);
});
document.addEventListener("visibilitychange", readSoon);
const tick = () => ($("clock").textContent = time.format(new Date()));
setInterval(tick, 5000);
setInterval(() => loadClients().catch(() => linked(false)), 15000); // new clients, other windows' switches
tick();
showTabs();
showSwitches();

(async function start() {
  try {
    take((await ask("messages", {})).messages);
    await loadClients();
  } catch (error) {
    notice(error.message);
  }
  showApp();
  if (invitation) notice(t.link_waits);
  listen();
})();
