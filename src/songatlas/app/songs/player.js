// The one player of the page: songs of the list or the card that ask for it, in a bar at the foot of the window.
//
// A song is {"id", "name", "by", "sound": {"address", "kind", "path"}}. Whoever plays one listens to the event
// "songatlas-sound" of the window, which comes whenever something begins, stops or fails. Nothing plays before
// a person presses a button. Everything that a song brings becomes the text of a node, never markup.

const SOUND = "songatlas-sound";
const NOTED = 6000; // milliseconds for which a song that was passed over is told

function thePlayer() {
  if (!window.songatlasPlayer) window.songatlasPlayer = new SongPlayer();
  return window.songatlasPlayer;
}

class SongPlayer {
  constructor() {
    this.song = null;
    this.following = null; // gives the song after one, by its id
    this.host = document.createElement("div");
    this.host.id = "songatlas-player";
    const root = this.host.attachShadow({ mode: "open" });
    const styles = document.createElement("style");
    styles.textContent = PLAYER_STYLES;
    this.bar = playerPart("section", "bar");
    this.bar.setAttribute("aria-label", "Player");
    this.title = playerPart("p", "title");
    this.title.setAttribute("aria-live", "polite");
    this.note = playerPart("p", "note");
    this.note.setAttribute("role", "status");
    this.audio = document.createElement("audio");
    this.audio.controls = true;
    this.audio.preload = "auto";
    this.next = this.button("Next song", "M6 5v14l10-7zM18 5v14", () => this.goOn());
    this.close = this.button("Stop and close the player", "M6 6l12 12M18 6L6 18", () => this.stop());
    const words = playerPart("div", "words");
    words.append(this.title, this.note);
    this.bar.append(words, this.audio, this.next, this.close);
    root.append(styles, this.bar);
    for (const name of ["play", "playing", "pause"]) this.audio.addEventListener(name, () => this.tell());
    this.audio.addEventListener("ended", () => this.goOn());
    this.audio.addEventListener("error", () => this.failed());
  }

  button(label, path, act) {
    const button = playerPart("button", "");
    button.type = "button";
    button.title = label;
    button.setAttribute("aria-label", label);
    button.append(playerIcon(path));
    button.addEventListener("click", act);
    return button;
  }

  // Whether a song is the one that is heard now
  plays(id) {
    return this.song !== null && this.song.id === id && !this.audio.paused && !this.audio.ended;
  }

  // Play a song, or go on with it, or pause it; `following` gives the next one of a list
  toggle(song, following) {
    if (this.song && this.song.id === song.id && this.song.sound.address === song.sound.address) {
      this.following = following || null;
      if (this.audio.paused) this.start();
      else this.audio.pause();
      this.tell();
      return;
    }
    this.play(song, following);
  }

  play(song, following) {
    this.song = song;
    this.following = following || null;
    this.note.textContent = "";
    this.title.textContent = song.by ? `${song.name} - ${song.by}` : song.name;
    this.audio.src = song.sound.address;
    this.show();
    this.start();
  }

  start() {
    this.audio.play().catch(() => {}); // what went wrong comes as an event of its own
  }

  goOn() {
    const song = this.song && this.following ? this.following(this.song.id) : null;
    if (song) this.play(song, this.following);
    else this.tell();
  }

  stop() {
    this.audio.pause();
    this.song = this.following = null;
    this.audio.removeAttribute("src");
    this.audio.load();
    this.host.remove();
    this.tell();
  }

  // Say why a song is not heard, and go on with the next one of a list
  failed() {
    const song = this.song;
    if (!song || !this.audio.hasAttribute("src")) return;
    const ending = /\.[^./\\]+$/.exec(song.sound.path);
    const why = this.audio.canPlayType(song.sound.kind)
      ? `It could not be played: its file may be damaged or gone, or songatlas was started anew (then load the page again). The file is ${song.sound.path}`
      : `This browser cannot play ${ending ? ending[0] : "such"} files. The file is ${song.sound.path}`;
    this.note.textContent = why;
    this.tell();
    if (this.following && this.following(song.id)) {
      this.goOn();
      this.note.textContent = `Passed over ${song.name}. ${why}`;
      setTimeout(() => {
        if (this.note.textContent.startsWith("Passed over ")) this.note.textContent = "";
      }, NOTED);
    }
  }

  show() {
    const page = document.querySelector(".stApp") || document.body;
    const look = getComputedStyle(page);
    this.bar.style.background = look.backgroundColor;
    this.bar.style.color = look.color;
    this.bar.style.colorScheme = look.colorScheme;
    this.bar.style.fontFamily = look.fontFamily;
    if (!this.host.isConnected) document.body.append(this.host);
  }

  tell() {
    this.next.hidden = !(this.song && this.following && this.following(this.song.id));
    window.dispatchEvent(new Event(SOUND));
  }
}

function playerPart(kind, name) {
  const node = document.createElement(kind);
  if (name) node.className = name;
  return node;
}

function playerIcon(path) {
  const [svg, line] = ["svg", "path"].map((kind) => document.createElementNS("http://www.w3.org/2000/svg", kind));
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

const PLAY_ICON = "M8 5v14l11-7z";
const PAUSE_ICON = "M9 5v14M15 5v14";

// Make a button say whether its song is heard
function tellButton(button, song) {
  const isHeard = thePlayer().plays(song.id);
  const label = `${isHeard ? "Pause" : "Play"} ${song.name}`;
  button.title = label;
  button.setAttribute("aria-label", label);
  button.classList.toggle("heard", isHeard);
  button.querySelector("path").setAttribute("d", isHeard ? PAUSE_ICON : PLAY_ICON);
}

const PLAYER_STYLES = `
.bar { position: fixed; left: 0; right: 0; bottom: 0; z-index: 999980; display: flex; align-items: center; gap: 0.6rem;
  flex-wrap: wrap; padding: 0.5rem 1rem; border-top: 1px solid color-mix(in srgb, currentColor 25%, transparent);
  box-shadow: 0 -2px 12px rgba(0, 0, 0, 0.18); font-size: 0.95rem; line-height: 1.3; }
.words { flex: 1 1 14rem; min-width: 0; overflow-wrap: anywhere; }
p { margin: 0; }
.title { font-weight: 600; }
.note:empty { display: none; }
.note { font-size: 0.87rem; }
audio { flex: 2 1 12rem; min-width: 0; max-width: 40rem; height: 2.5rem; }
button { font: inherit; color: inherit; background: none; border: 1px solid color-mix(in srgb, currentColor 35%, transparent);
  border-radius: 6px; min-width: 2.2rem; min-height: 2.2rem; padding: 0 0.4rem; cursor: pointer; }
button[hidden] { display: none; }
button:focus-visible { outline: 2px solid currentColor; outline-offset: 1px; }
svg { display: block; width: 1.15rem; height: 1.15rem; margin: auto; fill: none; stroke: currentColor; stroke-width: 2;
  stroke-linecap: round; stroke-linejoin: round; }
`;
