// A list of songs: dragged by mouse, finger or keyboard, or each with a few buttons; player.js stands before it.
//
// `data` = {
//   "songs": [{"id", "number", "name", "by", "colour", "outline", "cluster", "lines": [text], "step": text, "flag": text,
//     "sound": {"address", "kind", "path"} where it can be played}],
//   "movable": whether songs can be moved and removed; such a list is played to its end,
//   "actions": [{"name", "icon", "help"}],      buttons of every song; an icon is one of ICONS
//   "label": what the list is, for who hears it,
//   "heard": number of the last change that Python knows of
// }
// Only "id" and "name" are needed. Everything that a song brings becomes the text of a node, never markup.
//
// Triggers to Python: `edit` = {"order": [ids], "removed": [ids], "n"} after every change, `act` = {"id",
// "action", "n"} after a button. `n` counts the changes: data that knows of fewer than were made here is out of
// date, and passed over while Python may still be at work.

const EDGE = 70; // pixels from the edge of the window where dragging scrolls the page
const PATIENCE = 8000; // milliseconds in which Python hears of a change
const STARTS = 5; // pixels that a mouse moves before a click is a drag

const ICONS = {
  // lines on a square of 24
  up: "M12 19V5M6 11l6-6 6 6",
  down: "M12 5v14M6 13l6 6 6-6",
  remove: "M6 6l12 12M18 6L6 18",
  heart: "M12 20l-7.2-7.4A4.7 4.7 0 0 1 12 6.6a4.7 4.7 0 0 1 7.2 6z",
  away: "M12 4a8 8 0 1 0 0 16 8 8 0 1 0 0-16M6.5 6.5l11 11",
  map: "M12 21c-4-4.7-6-8-6-11a6 6 0 0 1 12 0c0 3-2 6.3-6 11zM12 8a2 2 0 1 0 0 4 2 2 0 1 0 0-4",
  play: PLAY_ICON,
  grip: "M9 6v.01M15 6v.01M9 12v.01M15 12v.01M9 18v.01M15 18v.01",
};

export default function songList(component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement;
  if (!root.songatlasList) root.songatlasList = new SongList(root);
  root.songatlasList.tell = setTriggerValue;
  root.songatlasList.show(data);
  return () => root.songatlasList.leave();
}

class SongList {
  constructor(root) {
    this.tools = make("div", "tools");
    this.list = make("ol", "songs");
    this.spoken = make("p", "spoken");
    this.spoken.setAttribute("aria-live", "polite");
    root.append(this.tools, this.list, this.spoken);
    this.rows = new Map(); // id of a song -> its row
    this.order = [];
    this.removed = [];
    this.count = 0;
    this.changedAt = 0;
    this.drag = null;
    this.later = null; // data that came while a song was dragged
    this.moved = (event) => this.dragMoved(event);
    this.dropped = (event) => this.dragEnded(event, true);
    this.heard = () => this.tellPlaying();
    this.given_up = (event) => this.dragEnded(event, false);
  }

  show(data) {
    if (this.drag) {
      this.later = data;
      return;
    }
    const heard = data.heard || 0;
    if (heard < this.count && Date.now() - this.changedAt < PATIENCE) return;
    this.count = Math.max(this.count, heard);
    this.data = data;
    this.songs = new Map(data.songs.map((song) => [song.id, song]));
    this.removed = this.removed.filter((id) => this.songs.has(id));
    this.order = data.songs.map((song) => song.id).filter((id) => !this.removed.includes(id));
    this.list.setAttribute("aria-label", data.label || "Songs");
    this.list.classList.toggle("movable", Boolean(data.movable));
    this.canPlay = data.songs.some((song) => song.sound);
    window.addEventListener(SOUND, this.heard);
    this.draw();
    this.drawTools();
    this.tellPlaying();
  }

  drawTools() {
    const wanted = this.canPlay && Boolean(this.data.movable);
    if (wanted === this.tools.childElementCount > 0) return;
    if (!wanted) {
      this.tools.replaceChildren();
      return;
    }
    const button = make("button", "all");
    button.type = "button";
    button.append(drawn("play"), make("span", "", "Play all"));
    button.addEventListener("click", () => this.playAll());
    this.tools.append(button);
  }

  draw() {
    const focused = this.list.getRootNode().activeElement;
    const held = focused && [focused.closest("li")?.dataset.id, focused.dataset.part];
    for (const [id, row] of this.rows) {
      if (!this.order.includes(id)) {
        row.remove();
        this.rows.delete(id);
      }
    }
    this.order.forEach((id, place) => {
      const row = this.rowOf(id);
      if (this.list.children[place] !== row) this.list.insertBefore(row, this.list.children[place] || null);
      fill(row, this.songs.get(id), place, this.order.length);
    });
    if (held && held[0]) this.rows.get(held[0])?.querySelector(`[data-part="${held[1]}"]`)?.focus();
    this.list.dataset.ready = "true";
  }

  rowOf(id) {
    const song = this.songs.get(id);
    const written = JSON.stringify([song, this.data.movable, this.data.actions, this.canPlay]);
    const old = this.rows.get(id);
    if (old && old.written === written) return old;
    const row = this.madeRow(song);
    row.written = written;
    if (old) old.replaceWith(row);
    this.rows.set(id, row);
    return row;
  }

  madeRow(song) {
    const row = make("li", "song");
    row.dataset.id = song.id;
    if (song.step || song.flag) row.append(stepOf(song));
    const line = make("div", "line");
    line.append(make("span", "number"));
    if (this.data.movable) line.prepend(this.handleOf(song));
    if (this.canPlay) line.append(song.sound ? this.playOf(song) : make("span", "silent"));
    line.append(wordsOf(song));
    const buttons = make("div", "buttons");
    if (this.data.movable) {
      buttons.append(
        this.button("up", "up", `Move ${song.name} up`, () => this.move(song.id, -1)),
        this.button("down", "down", `Move ${song.name} down`, () => this.move(song.id, 1)),
        this.button("remove", "remove", `Remove ${song.name}`, () => this.remove(song.id)),
      );
      line.addEventListener("pointerdown", (event) => this.dragBegins(event, song.id));
    }
    for (const action of this.data.actions || []) {
      const label = `${action.help}: ${song.name}`;
      buttons.append(this.button(action.name, action.icon, label, () => this.act(song.id, action.name)));
    }
    line.append(buttons);
    row.append(line);
    return row;
  }

  playOf(song) {
    const button = this.button("play", "play", `Play ${song.name}`, () => {
      thePlayer().toggle(song, this.data.movable ? (id) => this.after(id) : null);
    });
    tellButton(button, song);
    return button;
  }

  handleOf(song) {
    const handle = make("button", "handle");
    handle.append(drawn("grip"));
    handle.type = "button";
    handle.dataset.part = "handle";
    handle.title = "Drag, or press the up and down arrows";
    handle.setAttribute("aria-label", `Move ${song.name}: arrow keys move it, Delete removes it`);
    handle.addEventListener("keydown", (event) => {
      const steps = { ArrowUp: -1, ArrowDown: 1, Home: -this.order.length, End: this.order.length }[event.key];
      if (steps === undefined && event.key !== "Delete") return;
      event.preventDefault();
      if (steps === undefined) this.remove(song.id);
      else this.move(song.id, steps);
    });
    return handle;
  }

  button(part, icon, label, act) {
    const button = make("button", part);
    button.append(drawn(icon));
    button.type = "button";
    button.dataset.part = part;
    button.title = label;
    button.setAttribute("aria-label", label);
    button.addEventListener("click", act);
    return button;
  }

  // What is heard

  playAll() {
    const first = this.after(null);
    if (first) thePlayer().play(first, (id) => this.after(id));
  }

  after(id) {
    const from = id === null ? 0 : this.order.indexOf(id) + 1;
    if (id !== null && from === 0) return null; // it was removed
    const next = this.order.slice(from).find((each) => this.songs.get(each)?.sound);
    return next === undefined ? null : this.songs.get(next);
  }

  tellPlaying() {
    for (const [id, row] of this.rows) {
      const button = row.querySelector("button.play");
      const song = this.songs.get(id);
      if (button && song) tellButton(button, song);
    }
  }

  leave() {
    this.stop();
    window.removeEventListener(SOUND, this.heard);
  }

  // What a person does

  act(id, action) {
    this.tell("act", { id, action, n: ++this.count });
  }

  move(id, steps) {
    const from = this.order.indexOf(id);
    const to = Math.max(0, Math.min(this.order.length - 1, from + steps));
    if (to !== from) this.place(id, to);
    this.rows.get(id)?.scrollIntoView({ block: "nearest" });
  }

  place(id, to) {
    this.order.splice(this.order.indexOf(id), 1);
    this.order.splice(to, 0, id);
    this.draw();
    this.changed(`${this.songs.get(id).name} is now number ${to + 1} of ${this.order.length}`);
  }

  remove(id) {
    const at = this.order.indexOf(id);
    this.order.splice(at, 1);
    this.removed.push(id);
    this.draw();
    const next = this.order[Math.min(at, this.order.length - 1)];
    if (next) this.rows.get(next).querySelector('[data-part="remove"]').focus();
    this.changed(`${this.songs.get(id).name} was removed; ${this.order.length} are left`);
  }

  changed(words) {
    this.spoken.textContent = words;
    this.changedAt = Date.now();
    this.tell("edit", { order: this.order, removed: this.removed, n: ++this.count });
  }

  // Dragging: rows keep their places in the page until the song is let go, and are only drawn shifted

  dragBegins(event, id) {
    const on_handle = event.target.closest(".handle");
    if (event.button !== 0 || (event.target.closest("button") && !on_handle)) return;
    if (event.pointerType !== "mouse" && !on_handle) return; // a finger beside the handle scrolls the page
    const top = this.list.getBoundingClientRect().top;
    this.drag = {
      id,
      from: this.order.indexOf(id),
      to: this.order.indexOf(id),
      pointer: event.pointerId,
      y: event.clientY,
      start: event.clientY - top,
      begun: Boolean(on_handle),
      spans: this.order.map((each) => {
        const box = this.rows.get(each).getBoundingClientRect();
        return { top: box.top - top, height: box.height };
      }),
    };
    if (on_handle) on_handle.focus();
    event.preventDefault();
    window.addEventListener("pointermove", this.moved);
    window.addEventListener("pointerup", this.dropped);
    window.addEventListener("pointercancel", this.given_up);
  }

  dragMoved(event) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    if (!drag.begun && Math.abs(event.clientY - drag.y) < STARTS) return;
    drag.begun = true;
    drag.y = event.clientY;
    this.list.classList.add("dragging");
    this.rows.get(drag.id).classList.add("dragged");
    this.shift();
    this.scrollAtEdge();
  }

  shift() {
    const drag = this.drag;
    const by = drag.y - this.list.getBoundingClientRect().top - drag.start;
    const own = drag.spans[drag.from];
    const middle = own.top + own.height / 2 + by;
    drag.to = this.order.reduce((to, id, place) => {
      const span = drag.spans[place];
      const half = span.top + span.height / 2;
      if (place < drag.from && middle < half) return to - 1;
      return place > drag.from && middle > half ? to + 1 : to;
    }, drag.from);
    this.order.forEach((id, place) => {
      const down = place < drag.from && place >= drag.to;
      const up = place > drag.from && place <= drag.to;
      const shift = id === drag.id ? by : down ? own.height : up ? -own.height : 0;
      this.rows.get(id).style.transform = shift ? `translateY(${shift}px)` : "";
    });
  }

  scrollAtEdge() {
    const drag = this.drag;
    const inside = scrollerOf(this.list);
    const low = window.innerHeight - EDGE;
    const speed = drag.y < EDGE ? (drag.y - EDGE) / 5 : drag.y > low ? (drag.y - low) / 5 : 0;
    cancelAnimationFrame(drag.frame);
    if (!speed) return;
    drag.frame = requestAnimationFrame(() => {
      if (this.drag !== drag) return;
      inside.scrollBy(0, speed);
      this.shift();
      this.scrollAtEdge();
    });
  }

  dragEnded(event, is_meant) {
    const drag = this.drag;
    if (!drag || event.pointerId !== drag.pointer) return;
    cancelAnimationFrame(drag.frame);
    this.stop();
    const data = this.later;
    this.later = null;
    if (data) this.show(data);
    if (is_meant && drag.begun && drag.to !== drag.from && this.songs.has(drag.id)) this.place(drag.id, drag.to);
  }

  stop() {
    this.drag = null;
    window.removeEventListener("pointermove", this.moved);
    window.removeEventListener("pointerup", this.dropped);
    window.removeEventListener("pointercancel", this.given_up);
    this.list.classList.remove("dragging");
    for (const row of this.rows.values()) {
      row.classList.remove("dragged");
      row.style.transform = "";
    }
  }
}

function make(kind, name, text) {
  const node = document.createElement(kind);
  node.className = name;
  if (text) node.textContent = text;
  return node;
}

function drawn(icon) {
  const [svg, path] = ["svg", "path"].map((kind) => document.createElementNS("http://www.w3.org/2000/svg", kind));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[icon] || "");
  svg.append(path);
  return svg;
}

function wordsOf(song) {
  const words = make("div", "words");
  words.append(make("span", "name", song.name));
  if (song.by) words.append(make("span", "by", song.by));
  if (song.cluster) {
    const cluster = make("span", "cluster");
    const dot = make("span", "dot");
    const inside = make("i", song.outline ? "inside cut" : "inside");
    inside.style.background = song.colour || "";
    inside.style.clipPath = song.outline || "";
    dot.append(inside);
    cluster.append(dot, make("span", "text", song.cluster));
    words.append(cluster);
  }
  for (const line of song.lines || []) words.append(make("span", "more", line));
  return words;
}

function stepOf(song) {
  const step = make("div", "step");
  if (song.flag) step.append(make("span", "flag", song.flag));
  if (song.step) step.append(make("span", "text", song.step));
  return step;
}

function fill(row, song, place, n_songs) {
  row.querySelector(".number").textContent = `${song.number || place + 1}`;
  const up = row.querySelector(".up");
  if (up) up.disabled = place === 0;
  const down = row.querySelector(".down");
  if (down) down.disabled = place === n_songs - 1;
}

function scrollerOf(node) {
  for (let each = node; each; each = each.parentElement || each.getRootNode().host) {
    if (each.scrollHeight > each.clientHeight && /auto|scroll/.test(getComputedStyle(each).overflowY)) return each;
  }
  return document.scrollingElement;
}
