package look

import (
	"errors"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/dialog"

	"holdfast/engine"
)

// PickFolder asks for a folder of this computer; chosen is not called when the
// person thought better of it.
func PickFolder(window fyne.Window, chosen func(path string)) {
	d := dialog.NewFolderOpen(func(folder fyne.ListableURI, err error) {
		if err != nil {
			Say(window, err)
			return
		}
		if folder != nil {
			chosen(filepath.FromSlash(folder.Path()))
		}
	}, window)
	d.SetConfirmText("Choose")
	d.Resize(window.Canvas().Size().SubtractWidthHeight(120, 100))
	d.Show()
}

// SaveText asks where to and writes a text there; saved is called when it is on
// the disk.
func SaveText(window fyne.Window, name, text string, saved func(path string)) {
	d := dialog.NewFileSave(func(file fyne.URIWriteCloser, err error) {
		if err != nil {
			Say(window, err)
			return
		}
		if file == nil {
			return
		}
		_, err = file.Write([]byte(text))
		if err = errors.Join(err, file.Close()); err != nil {
			Say(window, &engine.Error{Op: "save", Path: file.URI().Path(), Message: "It could not be saved there. Choose another folder.", Err: err})
			return
		}
		if saved != nil {
			saved(filepath.FromSlash(file.URI().Path()))
		}
	}, window)
	d.SetFileName(name)
	d.Resize(window.Canvas().Size().SubtractWidthHeight(120, 100))
	d.Show()
}
