// A button that plays one song. `data` = {"song": as player.js takes it}; player.js stands before this script.

export default function playButton(component) {
  const { data, parentElement } = component;
  const root = parentElement;
  let button = root.querySelector("button");
  if (!button) {
    button = document.createElement("button");
    button.type = "button";
    const words = document.createElement("span");
    button.append(playerIcon(PLAY_ICON), words);
    root.append(button);
  }
  const tell = () => {
    tellButton(button, data.song);
    button.querySelector("span").textContent = button.classList.contains("heard") ? "Pause" : "Play";
  };
  button.onclick = () => thePlayer().toggle(data.song);
  tell();
  window.addEventListener(SOUND, tell);
  return () => window.removeEventListener(SOUND, tell);
}
